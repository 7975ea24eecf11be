/*
 * What the planner asks: vclock_has(clock, client) is clock ? client, for drivers that take the
 * question mark for a parameter, and is to use the same index.
 */
#include "postgres/postgres.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"
}

namespace {

constexpr StrategyNumber has_strategy = 1; // of vclock_ops for GIN

/* The condition `clock ? client`, if the index's operator family has that operator. */
List* index_condition(const SupportRequestIndexCondition* request)
{
    if (!IsA(request->node, FuncExpr))
        return NIL;
    auto* call = reinterpret_cast<FuncExpr*>(request->node);
    if (list_length(call->args) != 2 || request->indexarg != 0)
        return NIL;
    auto* clock = static_cast<Node*>(linitial(call->args));
    auto* client = static_cast<Node*>(lsecond(call->args));
    if (!is_pseudo_constant_for_index(request->root, client, request->index))
        return NIL;
    Oid has =
        get_opfamily_member(request->opfamily, exprType(clock), exprType(client), has_strategy);
    if (!OidIsValid(has) || get_opcode(has) != request->funcid)
        return NIL;
    Expr* condition = make_opclause(has, BOOLOID, false, reinterpret_cast<Expr*>(clock),
                                    reinterpret_cast<Expr*>(client), InvalidOid, call->inputcollid);
    return list_make1(condition);
}

/* As rare as the operator is estimated to be. */
bool estimate(SupportRequestSelectivity* request)
{
    if (list_length(request->args) != 2)
        return false;
    Oid schema = get_func_namespace(request->funcid);
    List* name = list_make2(makeString(get_namespace_name(schema)), makeString(pstrdup("?")));
    Oid has =
        OpernameGetOprid(name, exprType(static_cast<Node*>(linitial(request->args))), TEXTOID);
    if (!OidIsValid(has) || get_opcode(has) != request->funcid)
        return false;
    request->selectivity =
        request->is_join ? join_selectivity(request->root, has, request->args, request->inputcollid,
                                            request->jointype, request->sjinfo)
                         : restriction_selectivity(request->root, has, request->args,
                                                   request->inputcollid, request->varRelid);
    return true;
}

} // namespace

SYNCKIT_FUNCTION(vclock_has_support)
{
    auto* node = reinterpret_cast<Node*>(PG_GETARG_POINTER(0));
    if (IsA(node, SupportRequestIndexCondition)) {
        auto* request = reinterpret_cast<SupportRequestIndexCondition*>(node);
        request->lossy = false;
        PG_RETURN_POINTER(index_condition(request));
    }
    if (IsA(node, SupportRequestSelectivity) &&
        estimate(reinterpret_cast<SupportRequestSelectivity*>(node)))
        PG_RETURN_POINTER(node);
    PG_RETURN_POINTER(nullptr);
}
