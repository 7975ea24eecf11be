#include "postgres/rows_statement.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"
}

namespace synckit {

namespace {

constexpr char placeholder[] = "@written@";
constexpr char relation_name[] = "written";

} // namespace

/* The text with this in place of @written@; it lasts as long as the session. */
char* RowsStatement::text_reading(const char* source) const
{
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    const char* place = std::strstr(sql_, placeholder);
    Assert(place);
    char* text = psprintf("%.*s%s%s", static_cast<int>(place - sql_), sql_, source,
                          place + sizeof(placeholder) - 1);
    MemoryContextSwitchTo(caller);
    return text;
}

void RowsStatement::make_statements()
{
    if (many_)
        return;
    StringInfoData parameters, names;
    initStringInfo(&parameters);
    initStringInfo(&names);
    for (int i = 0; i < count_; ++i) {
        types_[i] = columns_[i].type;
        appendStringInfo(&parameters, "%s$%d", i > 0 ? ", " : "", i + 1);
        appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", columns_[i].name);
    }
    /* The planner pulls this up: the parameters stand where the columns are named. */
    one_.emplace(text_reading(psprintf("(SELECT %s) AS %s (%s)", parameters.data, relation_name,
                                       names.data)),
                 types_, count_);
    many_.emplace(text_reading(relation_name));
}

TupleDesc RowsStatement::describe(const ExtensionObjects& extension) const
{
    TupleDesc descriptor = CreateTemplateTupleDesc(count_);
    for (int i = 0; i < count_; ++i) {
        auto number = static_cast<AttrNumber>(i + 1);
        TupleDescInitEntry(descriptor, number, columns_[i].name,
                           resolve_type(columns_[i].type, extension), -1, 0);
        if (columns_[i].type == TEXTOID) // as the tables' columns have
            TupleDescInitEntryCollation(descriptor, number, C_COLLATION_OID);
    }
    return descriptor;
}

uint64 RowsStatement::execute(const ExtensionObjects& extension, std::span<const RowValues> rows)
{
    make_statements();
    if (rows.size() == 1)
        return one_->execute(extension, rows[0].values, rows[0].nulls);

    TupleDesc descriptor = describe(extension);
    Tuplestorestate* store = tuplestore_begin_heap(false, false, work_mem);
    bool no_nulls[Statement::max_parameters] = {};
    for (const RowValues& row : rows)
        tuplestore_putvalues(store, descriptor, const_cast<Datum*>(row.values),
                             const_cast<bool*>(row.nulls ? row.nulls : no_nulls));
    EphemeralNamedRelationData relation{};
    relation.md.name = const_cast<char*>(relation_name);
    relation.md.tupdesc = descriptor;
    relation.md.enrtype = ENR_NAMED_TUPLESTORE;
    relation.md.enrtuples = static_cast<double>(rows.size());
    relation.reldata = store;
    if (SPI_register_relation(&relation) != SPI_OK_REL_REGISTER)
        elog(ERROR, "SPI_register_relation failed");
    uint64 written = many_->execute(extension, nullptr);
    SPI_unregister_relation(relation_name);
    tuplestore_end(store);
    return written;
}

} // namespace synckit
