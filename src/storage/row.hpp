#pragma once

#include "postgres/bridge.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
}

/*
 * The row that a trigger is called for, read and changed by column name: users may add columns, and
 * the trigger may be on any table.
 */
namespace synckit {

/* The column's number, or one that is not above zero. Who asks for columns in their order tells
 * where the last one was. */
inline int find_column(TupleDesc descriptor, const char* name, int last = 0)
{
    for (int i = 0; i < descriptor->natts; ++i) {
        int at = (last + i) % descriptor->natts;
        Form_pg_attribute column = TupleDescAttr(descriptor, at);
        if (std::strcmp(NameStr(column->attname), name) == 0 && !column->attisdropped)
            return at + 1;
    }
    return SPI_ERROR_NOATTRIBUTE;
}

/* Users may alter the columns too: to take a value for one of another type would be a crash. */
inline int column_number(TupleDesc descriptor, const char* name, Oid type, int last = 0)
{
    int number = find_column(descriptor, name, last);
    Oid found = number > 0 ? SPI_gettypeid(descriptor, number) : InvalidOid;
    if (found != type && !(type == TEXTOID && found == VARCHAROID))
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("there is no column \"%s\" of type %s", name, format_type_be(type)),
                        errdetail("The trigger is made for synckit's own tables and views.")));
    return number;
}

class Row {
  public:
    Row(HeapTuple tuple, TupleDesc descriptor) : tuple_(tuple), descriptor_(descriptor) {}

    HeapTuple tuple() const { return tuple_; }

    /* Of this type (varchar is text); null for SQL NULL. */
    std::optional<Datum> get(const char* name, Oid type) const
    {
        int number = column_number(descriptor_, name, type);
        bool null = true;
        Datum value = SPI_getbinval(tuple_, descriptor_, number, &null);
        return null ? std::nullopt : std::optional(value);
    }
    Datum require(const char* name, Oid type) const
    {
        std::optional<Datum> value = get(name, type);
        if (!value)
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("column \"%s\" must not be null", name),
                            errdetail("What is to be written cannot be told without it.")));
        return *value;
    }
    std::optional<std::string_view> text(const char* name) const
    {
        std::optional<Datum> value = get(name, TEXTOID);
        return value ? std::optional(datum_text(*value)) : std::nullopt;
    }
    std::optional<int64_t> bigint(const char* name) const
    {
        std::optional<Datum> value = get(name, INT8OID);
        return value ? std::optional<int64_t>(DatumGetInt64(*value)) : std::nullopt;
    }
    Jsonb* json(const char* name) const
    {
        std::optional<Datum> value = get(name, JSONBOID);
        return value ? DatumGetJsonbP(*value) : nullptr;
    }

  private:
    HeapTuple tuple_;
    TupleDesc descriptor_;
};

/* Collects new values of a row's columns, then makes the changed row. */
class RowChange {
  public:
    explicit RowChange(TupleDesc descriptor) : descriptor_(descriptor) {}

    void set(const char* name, Oid type, Datum value, bool null = false)
    {
        if (count_ == most)
            elog(ERROR, "too many columns are changed");
        columns_[count_] = column_number(descriptor_, name, type);
        values_[count_] = value;
        nulls_[count_++] = null;
    }

    /* In the current memory context. */
    HeapTuple apply(HeapTuple tuple)
    {
        return heap_modify_tuple_by_cols(tuple, descriptor_, count_, columns_, values_, nulls_);
    }

  private:
    static constexpr int most = 20;

    TupleDesc descriptor_;
    int count_ = 0;
    int columns_[most];
    Datum values_[most];
    bool nulls_[most];
};

} // namespace synckit
