#include "postgres/result_set.hpp"

namespace synckit {

TupleDesc result_row_type(FunctionCallInfo fcinfo)
{
    /* In FROM the executor has it ready: to read the catalog again takes time at each call. */
    if (fcinfo->resultinfo && IsA(fcinfo->resultinfo, ReturnSetInfo)) {
        TupleDesc expected = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo)->expectedDesc;
        if (expected)
            return BlessTupleDesc(expected);
    }
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    return BlessTupleDesc(descriptor);
}

ReturnSetInfo* begin_result_set(FunctionCallInfo fcinfo)
{
    InitMaterializedSRF(fcinfo, 0);
    return reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
}

void return_rows(FunctionCallInfo fcinfo, Access access, Statement& statement, const Datum* values,
                 const bool* nulls)
{
    ReturnSetInfo* result = begin_result_set(fcinfo);
    SpiSession spi;
    statement.for_each(access, extension_of(fcinfo), values, nulls, [result](TupleTableSlot* row) {
        tuplestore_puttupleslot(result->setResult, row);
        return true;
    });
    spi.finish();
}

} // namespace synckit
