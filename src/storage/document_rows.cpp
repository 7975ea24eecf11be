#include "storage/document_rows.hpp"

#include "postgres/rows_statement.hpp"
#include "storage/key_lookup.hpp"
#include "storage/own_write.hpp"
#include "storage/row_lock.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/rls.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/timestamp.h"
}

namespace synckit {

namespace {

/* What is read of a row that is locked, by statements after its place. */
constexpr RowLock::Column locked_columns[] = {{"state", JSONBOID},
                                              {"version", INT8OID},
                                              {"lamport", INT8OID},
                                              {"clock", type_of_vclock},
                                              {"registers", type_of_registers}};
constexpr int locked_size = std::size(locked_columns);

constexpr Oid lock_types[] = {TEXTOID};
constexpr Oid lock_results[] = {TIDOID,  JSONBOID,       INT8OID,
                                INT8OID, type_of_vclock, type_of_registers};
Statement
    lock_statement("SELECT ctid, state, version, lamport, clock, registers FROM synckit.documents "
                   "WHERE id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
                   lock_types, lock_results);

/* A row that is to be locked as part of a query of its own can neither be joined in another order
 * nor be locked ahead: the next is looked for once this one has been returned. */
constexpr Oid lock_many_types[] = {TEXTARRAYOID};
Statement lock_many_statement(
    "SELECT d.ctid, d.state, d.version, d.lamport, d.clock, d.registers "
    "FROM pg_catalog.unnest($1) AS wanted (id) "
    "LEFT JOIN LATERAL (SELECT ctid, state, version, lamport, clock, registers "
    "FROM synckit.documents WHERE id OPERATOR(pg_catalog.=) wanted.id COLLATE pg_catalog.\"C\" "
    "FOR NO KEY UPDATE) AS d ON true",
    lock_many_types, lock_results);

constexpr Oid insert_results[] = {TIDOID};
constexpr Oid insert_types[] = {TEXTOID,        JSONBOID,          INT8OID,       INT8OID,
                                type_of_vclock, type_of_registers, TIMESTAMPTZOID};
Statement
    insert_statement("INSERT INTO synckit.documents "
                     "(id, state, version, lamport, clock, registers, created_at, updated_at) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) "
                     "ON CONFLICT (id) DO NOTHING RETURNING ctid",
                     insert_types, insert_results);

constexpr DecidedColumn insert_decided[] = {{"state", 1, JSONBOID},
                                            {"version", 2, INT8OID},
                                            {"lamport", 3, INT8OID},
                                            {"clock", 4, of_extension},
                                            {"registers", 5, of_extension}};

constexpr Oid tombstone_types[] = {TEXTOID};
constexpr Oid take_results[] = {INT8OID, INT8OID, type_of_vclock, type_of_registers,
                                TIMESTAMPTZOID};
Statement take_statement("DELETE FROM synckit.tombstones WHERE id OPERATOR(pg_catalog.=) $1 "
                         "RETURNING version, lamport, clock, registers, deleted_at",
                         tombstone_types, take_results);

Statement read_statement("SELECT version, lamport, clock, registers, deleted_at "
                         "FROM synckit.tombstones WHERE id OPERATOR(pg_catalog.=) $1",
                         tombstone_types, take_results);

constexpr Oid put_types[] = {TEXTOID,        INT8OID,           INT8OID,
                             type_of_vclock, type_of_registers, TIMESTAMPTZOID};
Statement put_statement(
    "INSERT INTO synckit.tombstones (id, version, lamport, clock, registers, deleted_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)",
    put_types);

/* By place: the row is locked, and a look-up by key would visit every dead version under a held
 * snapshot. So the key is only compared, in a way that is no look-up to the planner. */
constexpr RowColumn update_columns[] = {
    {"place", TIDOID},       {"id", TEXTOID},           {"version", INT8OID},
    {"lamport", INT8OID},    {"clock", type_of_vclock}, {"registers", type_of_registers},
    {"now", TIMESTAMPTZOID}, {"state", JSONBOID},
};
constexpr int update_size = std::size(update_columns);
RowsStatement update_state_statement(
    "UPDATE synckit.documents AS d SET version = written.version, lamport = written.lamport, "
    "clock = written.clock, registers = written.registers, updated_at = written.now, "
    "state = written.state "
    "FROM @written@ WHERE d.ctid OPERATOR(pg_catalog.=) written.place "
    "AND (d.id OPERATOR(pg_catalog.=) written.id) IS TRUE",
    update_columns);
RowsStatement update_statement(
    "UPDATE synckit.documents AS d SET version = written.version, lamport = written.lamport, "
    "clock = written.clock, registers = written.registers, updated_at = written.now "
    "FROM @written@ WHERE d.ctid OPERATOR(pg_catalog.=) written.place "
    "AND (d.id OPERATOR(pg_catalog.=) written.id) IS TRUE",
    update_columns, update_size - 1);
constexpr DecidedColumn update_decided[] = {
    {"version", 2, INT8OID},        {"lamport", 3, INT8OID}, {"clock", 4, of_extension},
    {"registers", 5, of_extension}, {"state", 7, JSONBOID}, // the stored one, if it is not written
};

constexpr Oid raise_types[] = {TIDOID, TEXTOID, type_of_vclock};
Statement
    raise_statement("UPDATE synckit.documents SET clock = $3 WHERE ctid OPERATOR(pg_catalog.=) $1 "
                    "AND id OPERATOR(pg_catalog.=) $2",
                    raise_types);

constexpr Oid set_types[] = {TIDOID, TEXTOID, type_of_registers};
Statement set_registers_statement(
    "UPDATE synckit.documents SET registers = $3 WHERE ctid OPERATOR(pg_catalog.=) $1 "
    "AND id OPERATOR(pg_catalog.=) $2",
    set_types);
Statement set_tombstone_statement(
    "UPDATE synckit.tombstones SET registers = $3 WHERE ctid OPERATOR(pg_catalog.=) $1 "
    "AND id OPERATOR(pg_catalog.=) $2",
    set_types);

constexpr Oid remove_types[] = {TIDOID, TEXTOID};
Statement remove_statement("DELETE FROM synckit.documents WHERE ctid OPERATOR(pg_catalog.=) $1 "
                           "AND id OPERATOR(pg_catalog.=) $2",
                           remove_types);

ItemPointerData tid_of(Datum datum)
{
    return *static_cast<ItemPointer>(static_cast<void*>(DatumGetPointer(datum)));
}

Datum clock_datum(Bytes clock)
{
    return clock.empty() ? copy_value(ClockView().bytes()) : copy_value(clock);
}

} // namespace

uint64 require_all_rows(uint64 written, size_t expected, const char* table)
{
    if (written != expected)
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                        errmsg("a row of synckit.%s was not written", table),
                        errdetail("A trigger on the table suppressed or moved it.")));
    return written;
}

Datum text_array(std::span<const std::string_view> texts)
{
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * (texts.size() + 1)));
    for (size_t i = 0; i < texts.size(); ++i)
        elements[i] = text_datum(texts[i]);
    return PointerGetDatum(construct_array(elements, static_cast<int>(texts.size()), TEXTOID, -1,
                                           false, TYPALIGN_INT));
}

void refuse_hidden_row(const char* table, Datum id)
{
    if (check_enable_rls(require_table(table), InvalidOid, true) == RLS_ENABLED)
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied for document \"%s\"", TextDatumGetCString(id)),
                        errdetail("A row-level security policy of synckit.%s hides it.", table)));
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("a row of synckit.%s was not written", table),
                    errdetail("A trigger on the table suppressed or moved it.")));
    pg_unreachable();
}

Bytes DocumentRows::keep(Datum value)
{
    MemoryContext before = MemoryContextSwitchTo(context_);
    auto* copy = PG_DETOAST_DATUM_COPY(value);
    MemoryContextSwitchTo(before);
    return {reinterpret_cast<uint8_t*>(VARDATA(copy)), VARSIZE(copy) - VARHDRSZ};
}

/* Of the columns that are read of a row that is locked. */
DocumentRow DocumentRows::keep_row(const ItemPointerData& place, const Datum* columns)
{
    DocumentRow row;
    row.ctid = place;
    row.exists = true;
    MemoryContext before = MemoryContextSwitchTo(context_);
    row.state = DatumGetJsonbPCopy(columns[0]);
    MemoryContextSwitchTo(before);
    row.version = DatumGetInt64(columns[1]);
    row.lamport = DatumGetInt64(columns[2]);
    row.clock = keep(columns[3]);
    row.registers = keep(columns[4]);
    return row;
}

bool DocumentRows::lock(Datum id, DocumentRow& row)
{
    return lock_many(
               {&id, 1},
               [](const DocumentRow& locked, void* context) {
                   *static_cast<DocumentRow*>(context) = locked;
               },
               &row) == 1;
}

size_t DocumentRows::lock_many(std::span<const Datum> ids, LockedCallback locked, void* context)
{
    RowLock lock(extension_, locked_columns);
    bool by_index = lock.usable();
    size_t count = 0;
    for (; by_index && count < ids.size() && lock.lock(ids[count]); ++count) {
        Datum columns[locked_size];
        for (int i = 0; i < locked_size; ++i)
            columns[i] = lock.column(i);
        locked(keep_row(lock.place(), columns), context);
    }
    lock.close();
    return by_index ? count : lock_by_statement(ids, locked, context);
}

size_t DocumentRows::lock_by_statement(std::span<const Datum> ids, LockedCallback locked,
                                       void* context)
{
    size_t count = 0;
    auto each = [&](TupleTableSlot* slot) {
        bool missing;
        slot_getattr(slot, 1, &missing);
        if (missing)
            return false;
        Datum columns[locked_size];
        for (int i = 0; i < locked_size; ++i)
            columns[i] = slot_column(slot, i + 2);
        locked(keep_row(tid_of(slot_column(slot, 1)), columns), context);
        return ++count < ids.size();
    };
    if (ids.size() == 1) {
        lock_statement.for_each(Access::write, extension_, ids.data(), nullptr, each);
        return count;
    }
    Datum array = PointerGetDatum(construct_array(const_cast<Datum*>(ids.data()),
                                                  static_cast<int>(ids.size()), TEXTOID, -1, false,
                                                  TYPALIGN_INT));
    lock_many_statement.for_each(Access::write, extension_, &array, nullptr, each);
    return count;
}

bool DocumentRows::lock_existing(Datum id, DocumentRow& row)
{
    /* Others may create and delete it between our two looks; not for ever. */
    for (int attempt = 0; !lock(id, row); ++attempt) {
        CHECK_FOR_INTERRUPTS();
        if (!row_exists("documents", id))
            return false;
        if (IsolationUsesXactSnapshot())
            ereport(
                ERROR,
                (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                 errmsg("could not serialize access due to concurrent update"),
                 errdetail("The document was created after this transaction took its snapshot.")));
        if (attempt == most_attempts)
            refuse_hidden_row("documents", id);
    }
    return true;
}

bool DocumentRows::insert(Datum id, const NewDocumentRow& row, ItemPointerData& ctid)
{
    Datum values[] = {id,
                      JsonbPGetDatum(row.state),
                      Int64GetDatum(row.version),
                      Int64GetDatum(row.lamport),
                      clock_datum(row.clock),
                      copy_value(row.registers),
                      TimestampTzGetDatum(row.now)};
    bool inserted = false;
    OwnRow own{id, {}, values};
    run_own_write({"documents", OwnWrite::Event::insert, {&own, 1}, insert_decided}, [&] {
        inserted = insert_statement.execute(extension_, values) == 1;
        if (inserted)
            ctid = tid_of(column(0, 1));
        return uint64(inserted);
    });
    SPI_freetuptable(SPI_tuptable);
    return inserted;
}

bool DocumentRows::take_tombstone(Datum id, DocumentRow& row)
{
    /* Its place is not known before it is read; whoever holds the document's key holds its
     * tombstone too. */
    bool found = false;
    OwnRow own{id};
    run_own_write({"tombstones", OwnWrite::Event::remove, {&own, 1}},
                  [&] { return found = take_statement.execute(extension_, &id) == 1; });
    if (found) {
        keep_tombstone(row);
        return true;
    }
    if (!row_exists("tombstones", id))
        return false;
    if (IsolationUsesXactSnapshot())
        ereport(ERROR,
                (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                 errmsg("could not serialize access due to concurrent delete"),
                 errdetail("The document was deleted after this transaction took its snapshot.")));
    refuse_hidden_row("tombstones", id);
}

void DocumentRows::keep_tombstone(DocumentRow& row)
{
    row.version = DatumGetInt64(column(0, 1));
    row.lamport = DatumGetInt64(column(0, 2));
    row.clock = keep(column(0, 3));
    row.registers = keep(column(0, 4));
    row.deleted_at = DatumGetTimestampTz(column(0, 5));
    SPI_freetuptable(SPI_tuptable);
}

bool DocumentRows::read_tombstone(Datum id, DocumentRow& row)
{
    if (read_statement.execute(extension_, &id) == 0)
        return false;
    keep_tombstone(row);
    return true;
}

void DocumentRows::update(std::span<const DocumentUpdate> updates)
{
    struct Filled {
        ItemPointerData place;
        Datum values[update_size];
    };
    auto filled = make_array<Filled>(updates.size());
    for (bool with_state : {false, true}) {
        auto rows = make_array<RowValues>(updates.size());
        auto own = make_array<OwnRow>(updates.size());
        size_t count = 0;
        for (size_t i = 0; i < updates.size(); ++i) {
            const auto& [id, stored, row] = updates[i];
            if ((row.state != nullptr) != with_state)
                continue;
            filled[i] = {stored->ctid,
                         {PointerGetDatum(&filled[i].place), id, Int64GetDatum(row.version),
                          Int64GetDatum(row.lamport), clock_datum(row.clock),
                          copy_value(row.registers), TimestampTzGetDatum(row.now),
                          JsonbPGetDatum(row.state ? row.state : stored->state)}};
            rows[count] = {filled[i].values};
            own[count++] = {id, stored->ctid, filled[i].values};
        }
        if (count == 0)
            continue;
        RowsStatement& statement = with_state ? update_state_statement : update_statement;
        run_own_write({"documents", OwnWrite::Event::update, own.first(count), update_decided},
                      [&] {
                          return require_all_rows(statement.execute(extension_, rows.first(count)),
                                                  count, "documents");
                      });
    }
}

void DocumentRows::raise_clock(Datum id, const DocumentRow& row, Bytes clock)
{
    ItemPointerData place = row.ctid;
    Datum values[] = {PointerGetDatum(&place), id, copy_value(clock), JsonbPGetDatum(row.state)};
    static constexpr DecidedColumn decided[] = {{"clock", 2, of_extension}, {"state", 3, JSONBOID}};
    OwnRow own{id, row.ctid, values};
    run_own_write({"documents", OwnWrite::Event::update, {&own, 1}, decided}, [&] {
        return require_all_rows(raise_statement.execute(extension_, values), 1, "documents");
    });
}

void DocumentRows::set_registers(Datum id, const DocumentRow& row, Bytes registers)
{
    ItemPointerData place = row.ctid;
    Datum values[] = {PointerGetDatum(&place), id, copy_value(registers)};
    const char* table = row.exists ? "documents" : "tombstones";
    Statement& statement = row.exists ? set_registers_statement : set_tombstone_statement;
    static constexpr DecidedColumn decided[] = {{"registers", 2, of_extension}};
    OwnRow own{id, row.ctid, values};
    run_own_write({table, OwnWrite::Event::update, {&own, 1}, decided}, [&] {
        return require_all_rows(statement.execute(extension_, values), 1, table);
    });
}

void DocumentRows::remove(Datum id, const ItemPointerData& ctid)
{
    ItemPointerData place = ctid;
    Datum values[] = {PointerGetDatum(&place), id};
    OwnRow own{id, ctid};
    run_own_write({"documents", OwnWrite::Event::remove, {&own, 1}}, [&] {
        return require_all_rows(remove_statement.execute(extension_, values), 1, "documents");
    });
}

void DocumentRows::put_tombstone(Datum id, const DocumentRow& row)
{
    Datum values[] = {id,
                      Int64GetDatum(row.version),
                      Int64GetDatum(row.lamport),
                      clock_datum(row.clock),
                      copy_value(row.registers),
                      TimestampTzGetDatum(row.deleted_at)};
    static constexpr DecidedColumn decided[] = {{"version", 1, INT8OID},
                                                {"lamport", 2, INT8OID},
                                                {"clock", 3, of_extension},
                                                {"registers", 4, of_extension}};
    OwnRow own{id, {}, values};
    run_own_write({"tombstones", OwnWrite::Event::insert, {&own, 1}, decided}, [&] {
        return require_all_rows(put_statement.execute(extension_, values), 1, "tombstones");
    });
}

} // namespace synckit
