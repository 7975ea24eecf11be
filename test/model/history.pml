/*
 * Snapshots, cursors and WAL, for publisher.pml, which has the variables of the running server that
 * are named here.
 */

/* Sets, of xids, or of writers and their deltas. */
#define ONLY(n) (1 << (n))
#define BELOW(n) (ONLY(n) - 1)
#define HAS(set, n) (((set) >> (n)) & 1)

/* pg_snapshot; xmax 0: none, and nothing shown. */
typedef Snapshot {
    byte xmax;
    short running /* set of xids */
};

/* The row of _synckit.publisher, and class Cursor. */
typedef Cursor {
    Snapshot published_to;
    Snapshot publishing_to; /* none: no backlog */
    byte position;
    byte epoch;
    byte timeline;
    bool new_epoch /* to be announced */
};

/* What WAL up to some point amounts to. */
typedef History {
    byte committed; /* set of writers */
    byte last_xid;  /* the greatest that it names */
    Cursor cursor
};
#define SERVER 0
#define DISK 1
#define STANDBY 2
History wal[3];
#define BEHIND(a, b) (wal[a].committed != wal[b].committed || wal[a].last_xid != wal[b].last_xid)

inline copy_snapshot(to, from)
{
    to.xmax = from.xmax;
    to.running = from.running
}

inline no_snapshot(to)
{
    to.xmax = 0;
    to.running = 0
}

inline copy_cursor(to, from)
{
    copy_snapshot(to.published_to, from.published_to);
    copy_snapshot(to.publishing_to, from.publishing_to);
    to.position = from.position;
    to.epoch = from.epoch;
    to.timeline = from.timeline;
    to.new_epoch = from.new_epoch
}

inline copy_history(to, from)
{
    wal[to].committed = wal[from].committed;
    wal[to].last_xid = wal[from].last_xid;
    copy_cursor(wal[to].cursor, wal[from].cursor)
}

/* XLogFlush() up to these commits. That it takes along what lies behind them loses no case: the
 * walwriter can have moved the disk in between. */
inline flush(commits)
{
    if
    :: WAL_MATTERS && ((commits) & ~wal[DISK].committed) != 0 -> copy_history(DISK, SERVER)
    :: else
    fi
}

/* Where nobody will read it, WAL is not to tell states apart. */
inline forget_wal(at)
{
    wal[at].committed = 0;
    wal[at].last_xid = 0;
    copy_cursor(wal[at].cursor, no_cursor)
}

inline forget_unread_wal()
{
    if
    :: promotions == 0 -> forget_wal(STANDBY)
    :: else
    fi;
    if
    :: !WAL_MATTERS -> forget_wal(DISK)
    :: else
    fi
}

inline draw_xid(to)
{
    last_xid++;
    to = last_xid;
    assert(last_xid < 15) /* a set of xids has room for it */
}

inline log_xid(xid_)
{
    if
    :: xid_ > wal[SERVER].last_xid -> wal[SERVER].last_xid = xid_
    :: else
    fi
}

inline end_xid(xid_)
{
    running = running & ~ONLY(xid_);
    if
    :: xid_ > last_completed_xid -> last_completed_xid = xid_
    :: else
    fi
}

/* pg_current_snapshot(): xmax is the xid after the last that has ended. */
#define XMAX_NOW (last_completed_xid + 1)
#define RUNNING_NOW (running & BELOW(XMAX_NOW))
#define SHOWS(snapshot, xid_) ((xid_) < snapshot.xmax && !HAS(snapshot.running, xid_))
#define VISIBLE(d) (HAS(wal[SERVER].committed, d) && !HAS(running, delta[d].xid))
