#pragma once

#include "postgres/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
}

#include "postgres/catalog.hpp"

/*
 * SQL from C: prepared statements that are kept for the life of the session, and rows read by
 * column name order.
 *
 * All text is a literal, every name in it qualified, operators too; values are parameters. What is
 * run is run as the caller, through the executor, so that privileges, row-level security,
 * constraints and triggers hold.
 */
namespace synckit {

/* Parameter types that are ours, hence without an oid of their own until the extension is found. */
inline constexpr Oid type_of_vclock = 1;
inline constexpr Oid type_of_registers = 2;

/* The oid of such a type, or of any other. */
inline Oid resolve_type(Oid type, const ExtensionObjects& extension)
{
    return type == type_of_vclock      ? extension.vclock
           : type == type_of_registers ? extension.registers
                                       : type;
}

/* What a statement sees. A STABLE function reads: it sees what the statement that calls it sees, so
 * that all of its reads agree. */
enum class Access { read, write };

/* 42804 unless the column (counted from 1) is of this type: the tables' owner may have changed it,
 * and a datum must not be taken for what it is not. */
void require_column_type(TupleDesc rows, int number, Oid expected,
                         const ExtensionObjects& extension);

/* For statements that are read in order, and perhaps not to the end: planned for fast first rows,
 * which come from an index and not from a sort. */
inline constexpr int first_rows_fast = CURSOR_OPT_FAST_PLAN;

/* A statement, prepared at its first use and again when the extension's types are others (DROP and
 * CREATE EXTENSION). */
class Statement {
  public:
    static constexpr int max_parameters = 32;

    explicit constexpr Statement(const char* sql) : sql_(sql), types_(nullptr), count_(0) {}
    template <size_t N>
    constexpr Statement(const char* sql, const Oid (&types)[N])
        : sql_(sql), types_(types), count_(N)
    {
    }
    constexpr Statement(const char* sql, const Oid* types, int count)
        : sql_(sql), types_(types), count_(count)
    {
    }
    /* With the types of the columns that it returns, for what reads the users' tables: their owner
     * may have changed a column, and a datum must not be taken for what it is not. */
    template <size_t N, size_t M>
    constexpr Statement(const char* sql, const Oid (&types)[N], const Oid (&results)[M],
                        int cursor_options = 0)
        : sql_(sql), types_(types), count_(N), results_(results), result_count_(M),
          cursor_options_(cursor_options)
    {
    }

    /* Without parameters. */
    template <size_t M>
    static constexpr Statement returning(const char* sql, const Oid (&results)[M])
    {
        Statement statement(sql);
        statement.results_ = results;
        statement.result_count_ = M;
        return statement;
    }

    /* For reading in pieces: rows are fetched into SPI_tuptable. */
    Portal open(const ExtensionObjects& extension, const Datum* values, const bool* nulls);
    void fetch(const ExtensionObjects& extension, Portal portal, long count) const;

    /* Within SPI_connect(). limit 0: all rows. Returns the number of rows; they are in
     * SPI_tuptable. */
    uint64 execute(const ExtensionObjects& extension, const Datum* values,
                   const bool* nulls = nullptr, long limit = 0);

    /* With a snapshot that is newer than the transaction's, for reading only. */
    uint64 execute_latest(const ExtensionObjects& extension, const Datum* values);

    /* Calls each(slot) for its rows as they come, without collecting them; false from it ends the
     * statement. Within SPI_connect(), too. */
    template <class Each>
    void for_each(Access access, const ExtensionObjects& extension, const Datum* values,
                  const bool* nulls, Each each)
    {
        run(
            access, extension, values, nulls,
            [](TupleTableSlot* slot, void* context) {
                return (*static_cast<Each*>(context))(slot);
            },
            &each);
    }

  private:
    using RowCallback = bool (*)(TupleTableSlot*, void* context);
    struct Receiver;

    void run(Access, const ExtensionObjects&, const Datum* values, const bool* nulls, RowCallback,
             void* context);
    SPIPlanPtr prepare(const ExtensionObjects& extension);
    int plan_by_index();
    void check_results(const ExtensionObjects& extension, TupleDesc rows) const;
    static const char* nulls_of(const bool* nulls, int count, char* buffer);

    const char* sql_;
    const Oid* types_;
    int count_;
    const Oid* results_ = nullptr;
    int result_count_ = 0;
    int cursor_options_ = 0;
    SPIPlanPtr plan_ = nullptr;
    bool planned_ = false;
    ExtensionObjects prepared_for_{};
};

/* Opens SPI for the life of a function; an ereport closes it by itself. */
class SpiSession {
  public:
    SpiSession()
    {
        if (SPI_connect() != SPI_OK_CONNECT)
            elog(ERROR, "SPI_connect failed");
    }
    /* Not in a destructor: a longjmp would pass it by, and it may raise. */
    void finish() { SPI_finish(); }
};

/* A column (counted from 1) of a row of SPI_tuptable. */
inline Datum column(uint64 row, int number, bool* null)
{
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, null);
}

[[noreturn]] inline void raise_null_column(TupleDesc rows, int number)
{
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("column \"%s\" of a row of synckit's tables is null",
                           SPI_fname(rows, number))));
    pg_unreachable();
}

/* One that must have a value. The tables' owner may have dropped the constraint that says so. */
inline Datum column(uint64 row, int number)
{
    bool null;
    Datum value = column(row, number, &null);
    if (null)
        raise_null_column(SPI_tuptable->tupdesc, number);
    return value;
}

/* The same of a row that for_each() hands over. */
inline Datum slot_column(TupleTableSlot* row, int number)
{
    bool null;
    Datum value = slot_getattr(row, number, &null);
    if (null)
        raise_null_column(row->tts_tupleDescriptor, number);
    return value;
}

/* A row of SPI_tuptable that is taken apart at once, as suits one of which all columns are read. */
template <int Columns>
class ResultRow {
  public:
    explicit ResultRow(uint64 number) : number_(number)
    {
        Assert(SPI_tuptable->tupdesc->natts == Columns);
        heap_deform_tuple(SPI_tuptable->vals[number], SPI_tuptable->tupdesc, values_, nulls_);
    }

    uint64 number() const { return number_; }
    Datum column(int number, bool* null) const
    {
        *null = nulls_[number - 1];
        return values_[number - 1];
    }
    /* One that must have a value. */
    Datum column(int number) const
    {
        if (nulls_[number - 1])
            raise_null_column(SPI_tuptable->tupdesc, number);
        return values_[number - 1];
    }

  private:
    uint64 number_;
    Datum values_[Columns];
    bool nulls_[Columns];
};

} // namespace synckit
