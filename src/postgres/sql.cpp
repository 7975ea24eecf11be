#include "postgres/sql.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/snapmgr.h"
}

namespace synckit {

SPIPlanPtr Statement::prepare(const ExtensionObjects& extension)
{
    if (plan_ && prepared_for_.vclock == extension.vclock &&
        prepared_for_.registers == extension.registers)
        return plan_;
    if (plan_)
        SPI_freeplan(plan_);
    plan_ = nullptr;
    Oid types[max_parameters];
    Assert(count_ <= max_parameters);
    for (int i = 0; i < count_; ++i)
        types[i] = types_[i] == type_of_vclock      ? extension.vclock
                   : types_[i] == type_of_registers ? extension.registers
                                                    : types_[i];
    SPIPlanPtr plan = SPI_prepare(sql_, count_, types);
    if (!plan || SPI_keepplan(plan) != 0)
        elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
    plan_ = plan;
    prepared_for_ = extension;
    return plan_;
}

void Statement::check_results(const ExtensionObjects& extension) const
{
    for (int i = 0; i < result_count_; ++i) {
        Oid type = SPI_gettypeid(SPI_tuptable->tupdesc, i + 1), expected = results_[i];
        bool same = type == expected || (expected == TEXTOID && type == VARCHAROID);
        if (expected == type_of_vclock)
            same = OidIsValid(extension.vclock) ? type == extension.vclock : is_vclock(type);
        else if (expected == type_of_registers)
            same = type == extension.registers;
        if (!same)
            ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                            errmsg("column \"%s\" of synckit's tables has another type",
                                   SPI_fname(SPI_tuptable->tupdesc, i + 1)),
                            errdetail("It is of type %s.", format_type_be(type))));
    }
}

const char* Statement::nulls_of(const bool* nulls, int count, char* buffer)
{
    if (!nulls)
        return nullptr;
    for (int i = 0; i < count; ++i)
        buffer[i] = nulls[i] ? 'n' : ' ';
    return buffer;
}

uint64 Statement::execute(const ExtensionObjects& extension, const Datum* values, const bool* nulls,
                          long limit)
{
    char buffer[max_parameters];
    int result = SPI_execute_plan(prepare(extension), const_cast<Datum*>(values),
                                  nulls_of(nulls, count_, buffer), false, limit);
    if (result < 0)
        elog(ERROR, "a statement failed: %s", SPI_result_code_string(result));
    check_results(extension);
    return SPI_processed;
}

uint64 Statement::execute_latest(const ExtensionObjects& extension, const Datum* values)
{
    int result = SPI_execute_snapshot(prepare(extension), const_cast<Datum*>(values), nullptr,
                                      GetLatestSnapshot(), InvalidSnapshot, true, false, 1);
    if (result < 0)
        elog(ERROR, "a statement failed: %s", SPI_result_code_string(result));
    check_results(extension);
    return SPI_processed;
}

} // namespace synckit
