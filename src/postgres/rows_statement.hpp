#pragma once

#include "postgres/sql.hpp"

namespace synckit {

/* A column of the rows that a RowsStatement takes. */
struct RowColumn {
    const char* name;
    Oid type; // type_of_vclock and type_of_registers, too
};

/* A row for it: a value a column. */
struct RowValues {
    const Datum* values;
    const bool* nulls = nullptr; // none: no value is null
};

/*
 * A statement that writes rows which are handed over, one or many at once, in their order.
 *
 * Its text reads them FROM @written@. A single row comes as parameters; several come as a relation
 * of that name, as transition tables come to triggers (SPI_register_relation), since to run a
 * statement costs more than to write a row.
 */
class RowsStatement {
  public:
    /* Of the columns, the first `count`; all if it is not given. */
    template <size_t N>
    constexpr RowsStatement(const char* sql, const RowColumn (&columns)[N], int count = N)
        : sql_(sql), columns_(columns), count_(count)
    {
        static_assert(N <= Statement::max_parameters);
    }

    /* Within SPI, whose memory context must be the current one. Returns the number of rows that
     * were written. */
    uint64 execute(const ExtensionObjects& extension, std::span<const RowValues> rows);

    /* Of the rows; in the current memory context. */
    TupleDesc describe(const ExtensionObjects& extension) const;

  private:
    void make_statements();
    char* text_reading(const char* source) const;

    const char* sql_;
    const RowColumn* columns_;
    int count_;
    Oid types_[Statement::max_parameters]{};
    std::optional<Statement> one_, many_;
};

} // namespace synckit
