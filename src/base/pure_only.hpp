/*
 * The wall between the two error worlds.
 *
 * Code in a backend reports errors with ereport(), which longjmps; pure C++ reports them with
 * exceptions, which unwind. A file belongs to one world. Every pure .cpp includes this header last:
 * with postgres.h in sight it does not compile. The only file that knows both is
 * src/postgres/bridge.hpp.
 *
 * No include guard: each use is a check of its own.
 */
#if defined(POSTGRES_H) || defined(C_H) || defined(FMGR_H)
static_assert(false, "a pure file must not see a Postgres header (see src/base/pure_only.hpp)");
#endif
