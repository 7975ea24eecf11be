#include "postgres/result_set.hpp"

namespace synckit {

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
