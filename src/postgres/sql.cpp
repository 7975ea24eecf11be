#include "postgres/sql.hpp"

extern "C" {
#include "nodes/params.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"
}

namespace synckit {

/* What the executor hands rows to, in C's way of inheriting. Plain data: an ereport passes it by.
 */
struct Statement::Receiver : DestReceiver {
    Receiver(const Statement& s, const ExtensionObjects& e, RowCallback f, void* c)
        : DestReceiver{receive, start, ignore, ignore, DestTuplestore}, statement(s), extension(e),
          callback(f), context(c)
    {
    }

    static bool receive(TupleTableSlot* slot, DestReceiver* self)
    {
        auto* receiver = static_cast<Receiver*>(self);
        return receiver->callback(slot, receiver->context);
    }
    static void start(DestReceiver* self, int, TupleDesc rows)
    {
        auto* receiver = static_cast<Receiver*>(self);
        receiver->statement.check_results(receiver->extension, rows);
    }
    static void ignore(DestReceiver*) {}

    const Statement& statement;
    const ExtensionObjects& extension;
    RowCallback callback;
    void* context;
};

namespace {

/*
 * A rule of the user's may leave nothing of a statement (DO INSTEAD NOTHING). Postgres then knows
 * of no table that the plan depends on, and would never look at it again, not even when the rule
 * is gone: so each use has to.
 */
void revalidate_if_empty(SPIPlanPtr plan)
{
    ListCell* cell;
    foreach (cell, SPI_plan_get_plan_sources(plan)) {
        auto* source = static_cast<CachedPlanSource*>(lfirst(cell));
        if (source->query_list == NIL)
            source->is_valid = false;
    }
}

} // namespace

void require_column_type(TupleDesc rows, int number, Oid expected,
                         const ExtensionObjects& extension)
{
    Oid type = SPI_gettypeid(rows, number);
    bool same = type == expected || (expected == TEXTOID && type == VARCHAROID);
    if (expected == type_of_vclock)
        same = OidIsValid(extension.vclock) ? type == extension.vclock : is_vclock(type);
    else if (expected == type_of_registers)
        same = type == extension.registers;
    if (!same)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("column \"%s\" of synckit's tables has another type",
                               SPI_fname(rows, number)),
                        errdetail("It is of type %s.", format_type_be(type))));
}

SPIPlanPtr Statement::prepare(const ExtensionObjects& extension)
{
    if (plan_ && prepared_for_.vclock == extension.vclock &&
        prepared_for_.registers == extension.registers) {
        revalidate_if_empty(plan_);
        return plan_;
    }
    if (plan_)
        SPI_freeplan(plan_);
    plan_ = nullptr;
    planned_ = false;
    Oid types[max_parameters];
    Assert(count_ <= max_parameters);
    for (int i = 0; i < count_; ++i)
        types[i] = resolve_type(types_[i], extension);
    /* One plan for all values: planning each call anew costs more than these statements do. */
    SPIPlanPtr plan =
        SPI_prepare_cursor(sql_, count_, types, cursor_options_ | CURSOR_OPT_GENERIC_PLAN);
    if (!plan || SPI_keepplan(plan) != 0)
        elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
    plan_ = plan;
    prepared_for_ = extension;
    return plan_;
}

void Statement::check_results(const ExtensionObjects& extension, TupleDesc rows) const
{
    for (int i = 0; i < result_count_; ++i)
        require_column_type(rows, i + 1, results_[i], extension);
}

const char* Statement::nulls_of(const bool* nulls, int count, char* buffer)
{
    if (!nulls)
        return nullptr;
    for (int i = 0; i < count; ++i)
        buffer[i] = nulls[i] ? 'n' : ' ';
    return buffer;
}

/*
 * A plan lasts as long as the session, or until the table is analyzed. One made while the table was
 * small would read it all for each look-up, and a transaction that fills it would take time with
 * the square of its rows: so plans are made without what reads a table from end to end, be it for
 * itself or for a join. Those ends are far apart while a snapshot is held and dead rows stay.
 */
int Statement::plan_by_index()
{
    if (planned_ && SPI_plan_is_valid(plan_))
        return 0;
    planned_ = true;
    int guc_level = NewGUCNestLevel();
    for (const char* way : {"enable_seqscan", "enable_hashjoin", "enable_mergejoin"})
        set_config_option(way, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    return guc_level;
}

uint64 Statement::execute(const ExtensionObjects& extension, const Datum* values, const bool* nulls,
                          long limit)
{
    char buffer[max_parameters];
    SPIPlanPtr plan = prepare(extension);
    int guc_level = plan_by_index();
    int result = SPI_execute_plan(plan, const_cast<Datum*>(values), nulls_of(nulls, count_, buffer),
                                  false, limit);
    if (guc_level > 0)
        AtEOXact_GUC(true, guc_level);
    if (result < 0)
        elog(ERROR, "a statement failed: %s", SPI_result_code_string(result));
    if (result_count_ > 0)
        check_results(extension, SPI_tuptable->tupdesc);
    return SPI_processed;
}

void Statement::run(Access access, const ExtensionObjects& extension, const Datum* values,
                    const bool* nulls, RowCallback callback, void* context)
{
    SPIExecuteOptions options{};
    options.params = makeParamList(count_);
    for (int i = 0; i < count_; ++i)
        options.params->params[i] = {values[i], nulls && nulls[i], PARAM_FLAG_CONST,
                                     resolve_type(types_[i], extension)};
    options.read_only = access == Access::read;
    Receiver receiver(*this, extension, callback, context);
    options.dest = &receiver;
    SPIPlanPtr plan = prepare(extension);
    int guc_level = plan_by_index();
    int result = SPI_execute_plan_extended(plan, &options);
    if (guc_level > 0)
        AtEOXact_GUC(true, guc_level);
    if (result < 0)
        elog(ERROR, "a statement failed: %s", SPI_result_code_string(result));
}

uint64 Statement::execute_latest(const ExtensionObjects& extension, const Datum* values)
{
    int result = SPI_execute_snapshot(prepare(extension), const_cast<Datum*>(values), nullptr,
                                      GetLatestSnapshot(), InvalidSnapshot, true, false, 1);
    if (result < 0)
        elog(ERROR, "a statement failed: %s", SPI_result_code_string(result));
    if (result_count_ > 0)
        check_results(extension, SPI_tuptable->tupdesc);
    return SPI_processed;
}

Portal Statement::open(const ExtensionObjects& extension, const Datum* values, const bool* nulls)
{
    char buffer[max_parameters];
    SPIPlanPtr plan = prepare(extension);
    int guc_level = plan_by_index();
    Portal portal = SPI_cursor_open(nullptr, plan, const_cast<Datum*>(values),
                                    nulls_of(nulls, count_, buffer), false);
    if (guc_level > 0)
        AtEOXact_GUC(true, guc_level);
    return portal;
}

void Statement::fetch(const ExtensionObjects& extension, Portal portal, long count) const
{
    SPI_cursor_fetch(portal, true, count);
    check_results(extension, SPI_tuptable->tupdesc);
}

} // namespace synckit
