/*
 * synckit_import(): takes over the tables of a SyncKit server in TypeScript.
 *
 * The rows are written like those of a restore: as they are, never merged and never published. A
 * procedure, since it commits after each batch of documents: what is committed stays, and a second
 * call goes on with what is not there yet. import_sql.hpp has what becomes what.
 */
#include "storage/document_rows.hpp"
#include "functions/import_source.hpp"
#include "functions/import_sql.hpp"
#include "storage/rights.hpp"
#include "postgres/settings.hpp"
#include "postgres/sql.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "tcop/pquery.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

using namespace synckit;

namespace {

/* A page is what is read of the source at once, a batch what is written in one transaction: at most
 * a page, and ended by so many deltas. One document is never divided. */
constexpr int page_size = 1000;
constexpr int64 deltas_a_batch = 20000;

class Import {
  public:
    Import(const ExtensionObjects& extension, const ImportSource& source)
        : extension_(extension), source_(source),
          take_over_sql_(source.fill_in(import_sql::take_over)),
          context_(AllocSetContextCreate(CurrentMemoryContext, "synckit import page",
                                         ALLOCSET_DEFAULT_SIZES))
    {
    }

    void run();

  private:
    struct Page {
        int count;
        Datum ids[page_size];
        int64 deltas[page_size];
    };

    void begin_transaction();
    void end_transaction();
    void commit();

    void tell_nameless();
    void take_over_documents(const char* page_sql);
    bool read_page(const char* page_sql, Page& page);
    void take_over_batch(std::span<Datum> ids);
    void refuse_born_twice(Datum ids);
    void bury(Datum ids);
    void take_over_sessions();
    void report_progress() const;

    ExtensionObjects extension_;
    const ImportSource& source_;
    const char* take_over_sql_;
    MemoryContext context_; // of a page
    text* last_ = nullptr;  // the id that the last page ended with, in its own memory
    int guc_level_ = 0;
    int64 documents_ = 0;
    int64 deltas_ = 0;
    int64 deleted_ = 0;
    int64 sessions_ = 0;
};

/* Of a row of one-row results. */
int64 count_at(int number)
{
    return DatumGetInt64(column(0, number));
}

/* A count, and in the next column an example: tells of what is not taken over as it is. */
void tell(int number, const char* what)
{
    int64 count = count_at(number);
    if (count > 0)
        ereport(NOTICE,
                (errmsg("%s: %lld", what, static_cast<long long>(count)),
                 errdetail("For example, %s.", TextDatumGetCString(column(0, number + 1)))));
}

void execute(const char* sql, std::span<const Oid> types, const Datum* values, const char* nulls)
{
    int result =
        SPI_execute_with_args(sql, static_cast<int>(types.size()), const_cast<Oid*>(types.data()),
                              const_cast<Datum*>(values), nulls, false, 0);
    if (result < 0)
        elog(ERROR, "a statement of the import failed: %s", SPI_result_code_string(result));
}

constexpr Oid page_types[] = {TEXTOID, INT4OID};

constexpr Oid born_twice_types[] = {TEXTARRAYOID};
constexpr Oid born_twice_results[] = {TEXTOID};
Statement born_twice_statement("SELECT k.id FROM synckit.documents k JOIN synckit.tombstones t "
                               "ON t.id OPERATOR(pg_catalog.=) k.id "
                               "WHERE k.id OPERATOR(pg_catalog.=) ANY ($1)",
                               born_twice_types, born_twice_results);

/* Each transaction has its settings and its snapshot (without which no long value can be read). */
void Import::begin_transaction()
{
    guc_level_ = NewGUCNestLevel();
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                      GUC_ACTION_SAVE, true, 0, false);
    EnsurePortalSnapshotExists();
}

void Import::end_transaction()
{
    AtEOXact_GUC(true, guc_level_);
}

void Import::commit()
{
    end_transaction();
    SPI_commit();
    begin_transaction();
}

void Import::run()
{
    begin_transaction();
    tell_nameless();
    take_over_documents(import_sql::documents);
    take_over_documents(import_sql::deleted_documents);
    if (OidIsValid(table_oid("sessions")))
        take_over_sessions();
    end_transaction();
    ereport(NOTICE,
            (errmsg("schema \"%s\" is imported", source_.schema()),
             errdetail("Documents: %lld; deltas: %lld; deleted documents: %lld; sessions: %lld.",
                       static_cast<long long>(documents_), static_cast<long long>(deltas_),
                       static_cast<long long>(deleted_), static_cast<long long>(sessions_))));
}

void Import::tell_nameless()
{
    execute(source_.fill_in(import_sql::nameless), {}, nullptr, nullptr);
    tell(1, "documents that are left out");
    tell(3, "rows of vector_clocks that are left out");
    tell(5, "deltas that are left out");
    tell(7, "sessions that are left out");
    SPI_freetuptable(SPI_tuptable);
}

void Import::report_progress() const
{
    ereport(NOTICE, (errmsg("imported so far: %lld documents, %lld deltas, %lld sessions",
                            static_cast<long long>(documents_ + deleted_),
                            static_cast<long long>(deltas_), static_cast<long long>(sessions_))));
}

void Import::take_over_documents(const char* page_sql)
{
    MemoryContext caller = CurrentMemoryContext;
    const char* sql = source_.fill_in(page_sql);
    auto* page = static_cast<Page*>(palloc(sizeof(Page)));
    last_ = nullptr;
    while (read_page(sql, *page)) {
        MemoryContextSwitchTo(context_);
        for (int done = 0, end; done < page->count; done = end) {
            CHECK_FOR_INTERRUPTS();
            int64 deltas = 0;
            for (end = done; end < page->count && deltas < deltas_a_batch; ++end)
                deltas += page->deltas[end];
            take_over_batch({page->ids + done, static_cast<size_t>(end - done)});
            commit();
            report_progress();
        }
        MemoryContextSwitchTo(caller);
    }
}

/* False at the end. */
bool Import::read_page(const char* page_sql, Page& page)
{
    MemoryContextReset(context_);
    Datum values[] = {PointerGetDatum(last_), Int32GetDatum(page_size)};
    execute(page_sql, page_types, values, last_ ? "  " : "n ");
    page.count = static_cast<int>(SPI_processed);
    MemoryContext caller = MemoryContextSwitchTo(context_);
    for (int i = 0; i < page.count; ++i) {
        page.ids[i] = PointerGetDatum(DatumGetTextPCopy(column(i, 1)));
        page.deltas[i] = DatumGetInt64(column(i, 2));
    }
    MemoryContextSwitchTo(caller);
    SPI_freetuptable(SPI_tuptable);
    if (page.count == 0)
        return false;
    if (last_)
        pfree(last_);
    last_ = DatumGetTextPCopy(page.ids[page.count - 1]);
    return true;
}

/*
 * Two imports at once take turns: a document that is gone is inserted and deleted again in one
 * transaction, and who waited for that would take it for a new one. The number is 'synckiti' in
 * ASCII.
 */
void take_turn()
{
    if (SPI_execute("SELECT pg_catalog.pg_advisory_xact_lock(8320803159826592873)", false, 0) < 0)
        elog(ERROR, "could not take the import lock");
    SPI_freetuptable(SPI_tuptable);
}

void Import::take_over_batch(std::span<Datum> ids)
{
    take_turn();
    constexpr Oid types[] = {TEXTARRAYOID, TEXTOID};
    Datum id_array = PointerGetDatum(construct_array(ids.data(), static_cast<int>(ids.size()),
                                                     TEXTOID, -1, false, TYPALIGN_INT));
    Datum values[] = {id_array, CStringGetTextDatum(settings::client_id)};
    execute(take_over_sql_, types, values, nullptr);
    int64 documents = count_at(1), deltas = count_at(2);
    if (deltas != count_at(3))
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                        errmsg("a row of synckit.deltas was not written"),
                        errdetail("A trigger on the table suppressed it: the log of its document "
                                  "would have a gap."),
                        errhint("Disable the trigger for the import, and call it again.")));
    deltas_ += deltas;
    bool none_deleted;
    Datum deleted = column(0, 4, &none_deleted);
    tell(5, "documents that are left out");
    tell(7, "fields that are left out: their names are empty or longer than 500 characters");
    tell(9, "rows of vector_clocks that are left out");
    tell(11, "deltas that are left out");
    tell(13, "deltas of type \"set\" without a value: they get JSON null");
    tell(15, "documents that a trigger kept from being written, or that others created meanwhile");
    SPITupleTable* result = SPI_tuptable;
    refuse_born_twice(id_array);
    if (!none_deleted)
        bury(deleted);
    else
        documents_ += documents;
    SPI_freetuptable(result);
}

/* Others may have created a document and deleted it, all between our snapshot and our INSERT: now
 * it has a tombstone and a row, and its versions would start again. */
void Import::refuse_born_twice(Datum ids)
{
    if (born_twice_statement.execute_latest(extension_, &ids) > 0)
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("document \"%s\" was created and deleted during its import",
                               TextDatumGetCString(column(0, 1))),
                        errhint("Call synckit_import() again: it goes on where it has ended.")));
    SPI_freetuptable(SPI_tuptable);
}

/* Their rows were only the lock that whoever creates a document takes, too. */
void Import::bury(Datum ids)
{
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypePCopy(ids), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    DocumentRows rows(extension_, CurrentMemoryContext);
    for (int i = 0; i < count; ++i) {
        DocumentRow row;
        if (!rows.lock(elements[i], row))
            refuse_hidden_row("documents", elements[i]);
        rows.remove(elements[i], row.ctid);
        row.deleted_at = GetCurrentTransactionStartTimestamp();
        rows.put_tombstone(elements[i], row);
        ++deleted_;
    }
}

void Import::take_over_sessions()
{
    const char* sql = source_.fill_in(import_sql::sessions);
    last_ = nullptr;
    for (bool ended = false; !ended;) {
        CHECK_FOR_INTERRUPTS();
        Datum values[] = {PointerGetDatum(last_), Int32GetDatum(page_size)};
        execute(sql, page_types, values, last_ ? "  " : "n ");
        sessions_ += count_at(1);
        Datum last = column(0, 2, &ended);
        tell(3, "sessions that are left out");
        if (last_)
            pfree(last_);
        last_ = ended ? nullptr : DatumGetTextPCopy(last);
        SPI_freetuptable(SPI_tuptable);
        if (ended)
            break;
        commit();
        report_progress();
    }
}

/* Before anything is done: SPI_commit() would refuse only after the first batch. */
void refuse_transaction_block(FunctionCallInfo fcinfo)
{
    bool atomic = true;
    if (fcinfo->context && IsA(fcinfo->context, CallContext))
        atomic = reinterpret_cast<CallContext*>(fcinfo->context)->atomic;
    if (atomic || IsSubTransaction())
        ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
                        errmsg("synckit_import() cannot run inside a transaction block"),
                        errdetail("It commits after each batch of documents."),
                        errhint("Run CALL by itself: not after BEGIN, nor in one string with other "
                                "statements, nor in a function.")));
}

} // namespace

SYNCKIT_FUNCTION(synckit_import)
{
    refuse_transaction_block(fcinfo);
    if (PG_ARGISNULL(0))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("source_schema must not be null"),
                 errhint("Name the schema with the tables of the TypeScript server.")));
    require_schema();
    if (!is_owner(require_table("documents")) || !is_owner(require_table("deltas")))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("must be owner of synckit's tables to import into them")));
    ExtensionObjects extension = extension_of(fcinfo);
    if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    ImportSource source(text_to_cstring(PG_GETARG_TEXT_PP(0)), extension.schema);
    if (source.has_local_times())
        ereport(NOTICE, (errmsg("times without time zone are read in the session's"),
                         errdetail("It is %s.", GetConfigOption("TimeZone", false, false)),
                         errhint("If the old server's sessions had another, SET TimeZone before "
                                 "the import.")));
    Import(extension, source).run();
    SPI_finish();
    PG_RETURN_VOID();
}
