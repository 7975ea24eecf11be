/*
 * What the publisher promises, in every order in which things can happen: a model for spin
 * (https://spinroot.com), which tries them all. test/model/check runs it; docs/publisher.md says
 * what it leaves out.
 *
 * Writers draw an xid, lock a document, draw version and seq, and commit, with or without waiting
 * for the disk, or roll back. The publisher (bgworker/publisher.cpp, bgworker/feed) looks,
 * flushes, publishes, and saves its cursor without waiting for the disk. Meanwhile WAL is written
 * and replicated as it pleases, Redis goes away in mid-batch, the worker is terminated, the server
 * crashes, a standby is promoted.
 *
 * WAL is a history. The server stands at its end, disk and standby somewhere in it: a flush moves
 * the disk up to the server, a crash moves the server back to the disk.
 *
 * The properties are assertions, named by the variable they are about:
 *   lost         a look passes over nothing that is committed and unheard; and every execution ends
 *                with all heard
 *   taken_back   a crash takes back nothing that was heard
 *   overtaken    no version of a document is heard before an earlier one
 *   unannounced  whatever is heard belongs to the epoch that was announced last; after a promotion
 *                that is a greater one
 *
 * -D sets the bounds, and breaks the model. Each of these must violate what stands beside it:
 *   ID_CURSOR     the cursor is the last seq published, not a snapshot  lost
 *   ACCEPT_FIRST  the cursor moves before Redis has accepted            lost
 *   NO_FLUSH      published without a flush of WAL                      taken_back
 *   SEQ_UNLOCKED  seq is drawn before the document is locked            overtaken
 *   XID_ORDER     a backlog is worked off in the order of xid           overtaken
 *   KEEP_EPOCH    a promoted server keeps the epoch                     unannounced
 *   COUNT_EPOCHS  an epoch is one more than the last that is known      unannounced, by two promotions
 */

#ifndef WRITERS
#define WRITERS 3 /* transactions that write, one delta each */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef PROMOTIONS
#define PROMOTIONS 1
#endif
#ifndef TERMINATIONS
#define TERMINATIONS 1 /* of the worker alone */
#endif
#define DOCUMENTS 2

/* What may still befall them. */
byte crashes = CRASHES;
byte promotions = PROMOTIONS;
byte terminations = TERMINATIONS;
#define WAL_MATTERS (crashes > 0 || promotions > 0)

#include "history.pml"

/* Rows of synckit.deltas, by writer. */
typedef Delta {
    byte xid;
    byte document;
    byte version;
    byte seq
};
Delta delta[WRITERS];

/* The server's memory. */
mtype = {WAITING, BEGUN, LOCKED, COMMITTING, LOGGED, ENDED};
mtype stage[WRITERS] = WAITING;
bool locked[DOCUMENTS];
short running; /* set of xids */
byte last_xid;
byte last_completed_xid;
byte last_seq;
byte timeline;

/* The publisher's. */
mtype = {LOADING, LOOKING, FLUSHING, PUBLISHING};
mtype phase = LOADING;
Cursor cursor;
byte batch;         /* set of deltas: read, and not accepted yet */
byte last_of_batch; /* its greatest seq */
Snapshot batch_to;  /* where the cursor moves if the batch is all there was; else none */
bool unsaved;

/* The subscriber's. */
byte heard; /* set of deltas */
byte announced_epoch;
byte least_epoch; /* greater than those of the server that was replaced */

byte clock; /* of epochs: the servers' clocks agree on which is later */

/* Used within uninterrupted steps: not part of the state. */
hidden Cursor no_cursor;
hidden byte w;
hidden byte n;
hidden byte first;
hidden byte found;
hidden byte lost;
hidden byte taken_back;
hidden byte overtaken;
hidden byte unannounced;

/* ---- a writer ---- */

inline draw_seq(me)
{
    last_seq++;
    delta[me].seq = last_seq
}

inline draw_version(me)
{
    delta[me].version = 1;
    for (w : 0 .. WRITERS - 1) {
        if
        :: HAS(wal[SERVER].committed, w) && delta[w].document == delta[me].document ->
            delta[me].version++
        :: else
        fi
    }
}

inline lock_document(me, which)
{
    delta[me].document = which;
    locked[which] = true;
    draw_version(me);
#ifndef SEQ_UNLOCKED
    draw_seq(me);
#endif
    stage[me] = LOCKED
}

/* The lock is held until everybody can see that the transaction has ended. */
inline end_transaction(me)
{
    end_xid(delta[me].xid);
    locked[delta[me].document] = false;
    stage[me] = ENDED
}

inline remove_delta(me)
{
    delta[me].xid = 0;
    delta[me].document = 0;
    delta[me].version = 0;
    delta[me].seq = 0
}

/* Writers are alike, and so are documents: the writers begin in the order of their numbers, and the
 * first of them takes the first document. */
active [WRITERS] proctype writer()
{
    do
    :: d_step {
        stage[_pid] == WAITING && (_pid == 0 || stage[_pid - 1] != WAITING) ->
            draw_xid(delta[_pid].xid);
            running = running | ONLY(delta[_pid].xid);
#ifdef SEQ_UNLOCKED
            draw_seq(_pid);
#endif
            stage[_pid] = BEGUN
       }
    :: d_step {
        stage[_pid] == BEGUN && !locked[0] ->
            lock_document(_pid, 0)
       }
    :: d_step {
        stage[_pid] == BEGUN && _pid > 0 && !locked[1] ->
            lock_document(_pid, 1)
       }
    :: d_step { /* rolls back */
        stage[_pid] == LOCKED ->
            end_transaction(_pid);
            remove_delta(_pid)
       }
    :: atomic {
        stage[_pid] == LOCKED ->
            d_step {
                wal[SERVER].committed = wal[SERVER].committed | ONLY(_pid);
                log_xid(delta[_pid].xid)
            }
            if
            :: stage[_pid] = COMMITTING
            :: stage[_pid] = LOGGED /* synchronous_commit = off */
            fi
       }
    :: d_step {
        stage[_pid] == COMMITTING ->
            flush(ONLY(_pid));
            stage[_pid] = LOGGED
       }
    :: d_step {
        stage[_pid] == LOGGED ->
            end_transaction(_pid)
       }
    :: stage[_pid] == ENDED -> break
    od
}

/* ---- the publisher ---- */

/* In a transaction of its own: its xid is greater than all that the snapshots in it name, so that
 * none of those is drawn again after a crash. */
inline write_cursor()
{
    draw_xid(n);
    log_xid(n);
    end_xid(n);
    copy_cursor(wal[SERVER].cursor, cursor)
}

inline load_cursor()
{
    copy_cursor(cursor, wal[SERVER].cursor);
    if
    :: cursor.timeline != timeline ->
        cursor.timeline = timeline;
#ifndef KEEP_EPOCH
#ifdef COUNT_EPOCHS
        cursor.epoch++;
#else
        clock++;
        cursor.epoch = clock;
#endif
        cursor.new_epoch = true;
#endif
        write_cursor();
        if
        :: WAL_MATTERS -> copy_history(DISK, SERVER) /* durable before it is heard */
        :: else
        fi
    :: else
    fi
}

#ifdef XID_ORDER
#define KEY(d) delta[d].xid
#else
#define KEY(d) delta[d].seq
#endif

#ifdef ID_CURSOR
#define AFTER(from, xid_) true
#else
#define AFTER(from, xid_) (HAS(from.running, xid_) || (xid_) >= from.xmax)
#endif

/* The queries: of what was running in one snapshot or came after it, what another shows. */
inline find(from, until)
{
    found = 0;
    for (w : 0 .. WRITERS - 1) {
        if
        :: VISIBLE(w) && AFTER(from, delta[w].xid) && SHOWS(until, delta[w].xid) &&
           KEY(w) > cursor.position -> found = found | ONLY(w)
        :: else
        fi
    }
}

/* A backlog that is done moves the cursor to its snapshot. Then, or without one, what there is now. */
inline look()
{
    found = 0;
    if
    :: cursor.publishing_to.xmax != 0 ->
        find(cursor.published_to, cursor.publishing_to);
        if
        :: found == 0 ->
            copy_snapshot(cursor.published_to, cursor.publishing_to);
            no_snapshot(cursor.publishing_to);
            cursor.position = 0
        :: else
        fi
    :: else
    fi;
    if
    :: cursor.publishing_to.xmax == 0 ->
        batch_to.running = RUNNING_NOW;
        batch_to.xmax = XMAX_NOW;
        find(cursor.published_to, batch_to);
        lost = 0;
        for (w : 0 .. WRITERS - 1) {
            if
            :: VISIBLE(w) && !HAS(found | heard, w) -> lost = lost | ONLY(w)
            :: else
            fi
        }
        assert(!lost)
    :: else
    fi
}

inline find_first(set)
{
    first = WRITERS;
    for (w : 0 .. WRITERS - 1) {
        if
        :: HAS(set, w) ->
            if
            :: first == WRITERS -> first = w
            :: else ->
                if
                :: KEY(w) < KEY(first) -> first = w
                :: else
                fi
            fi
        :: else
        fi
    }
}

/* Of what was found the first `limit`. If that is not all, what was looked at is a backlog. */
inline take_batch(limit)
{
    for (n : 1 .. WRITERS) {
        if
        :: n <= limit && found != 0 ->
            find_first(found);
            found = found & ~ONLY(first);
            batch = batch | ONLY(first);
            last_of_batch = KEY(first)
        :: else
        fi
    }
    if
    :: found != 0 && batch_to.xmax != 0 ->
#ifndef ID_CURSOR
        copy_snapshot(cursor.publishing_to, batch_to);
#endif
        no_snapshot(batch_to)
    :: else
    fi
}

inline accept()
{
    if
    :: batch_to.xmax != 0 -> copy_snapshot(cursor.published_to, batch_to)
    :: else -> cursor.position = last_of_batch
    fi;
#ifdef ID_CURSOR
    if
    :: last_of_batch != 0 -> cursor.position = last_of_batch
    :: else
    fi;
#endif
    unsaved = unsaved || last_of_batch != 0
}

inline forget_batch()
{
    batch = 0;
    last_of_batch = 0;
    no_snapshot(batch_to);
    phase = LOOKING
}

inline hear(d)
{
    overtaken = 0;
    for (w : 0 .. WRITERS - 1) {
        if
        :: HAS(wal[SERVER].committed, w) && !HAS(heard, w) &&
           delta[w].document == delta[d].document && delta[w].version < delta[d].version ->
            overtaken = overtaken | ONLY(w)
        :: else
        fi
    }
    assert(!overtaken);
    unannounced = cursor.epoch != announced_epoch || cursor.epoch < least_epoch;
    assert(!unannounced);
    heard = heard | ONLY(d)
}

active proctype publisher()
{
    byte limit;
    bool news;

end:
    do
    :: d_step {
        phase == LOADING ->
            load_cursor();
            phase = LOOKING
       }
    :: d_step {
        phase == LOOKING && cursor.new_epoch ->
            announced_epoch = cursor.epoch;
            cursor.new_epoch = false;
            unsaved = true
       }
    /* Whenever another transaction has ended: it wakes the publisher, and if it does not, the tick
     * does. */
    :: atomic {
        phase == LOOKING && !cursor.new_epoch &&
        (cursor.publishing_to.xmax != 0 || cursor.published_to.xmax != XMAX_NOW ||
         cursor.published_to.running != RUNNING_NOW) ->
            select(limit : 1 .. WRITERS);
            d_step {
                look();
                take_batch(limit);
                limit = 0;
#ifdef ACCEPT_FIRST
                accept();
#endif
                if
                :: batch != 0 -> phase = FLUSHING
                :: else ->
                    accept();
                    forget_batch()
                fi
            }
       }
    :: d_step {
        phase == FLUSHING ->
#ifndef NO_FLUSH
            flush(batch);
#endif
            phase = PUBLISHING
       }
    :: atomic {
        phase == PUBLISHING ->
            do
            :: batch != 0 ->
                d_step {
                    find_first(batch);
                    batch = batch & ~ONLY(first);
                    news = news || !HAS(heard, first);
                    hear(first)
                }
            :: batch == 0 -> break
            /* Redis goes away; where nothing new was heard, that only costs time. */
            :: batch != 0 && news ->
                last_of_batch = 0;
                break
            od;
            d_step {
                news = false;
                if
                :: last_of_batch != 0 -> accept()
                :: else
                fi;
                forget_batch()
            }
       }
    :: d_step {
        phase == LOOKING && unsaved && (WAL_MATTERS || terminations > 0) ->
            write_cursor();
            unsaved = false
       }
    od
}

/* ---- what befalls them ---- */

inline start_publisher()
{
    forget_batch();
    no_snapshot(cursor.published_to);
    no_snapshot(cursor.publishing_to);
    cursor.position = 0;
    unsaved = false;
    phase = LOADING
}

/* From what WAL holds; transactions that it does not show as committed are gone, and their xids and
 * seqs may come again. */
inline start_server()
{
    running = 0;
    last_xid = wal[SERVER].last_xid;
    last_completed_xid = last_xid;
    last_seq = 0;
    for (w : 0 .. WRITERS - 1) {
        if
        :: stage[w] != WAITING -> stage[w] = ENDED
        :: else
        fi;
        if
        :: !HAS(wal[SERVER].committed, w) -> remove_delta(w)
        :: else
        fi;
        if
        :: delta[w].seq > last_seq -> last_seq = delta[w].seq
        :: else
        fi
    }
    locked[0] = false;
    locked[1] = false;
    heard = heard & wal[SERVER].committed;
    start_publisher()
}

active proctype world()
{
end:
    do
    :: d_step { /* walwriter */
        WAL_MATTERS && BEHIND(DISK, SERVER) ->
            copy_history(DISK, SERVER)
       }
    :: d_step {
        promotions > 0 && BEHIND(STANDBY, DISK) ->
            copy_history(STANDBY, DISK)
       }
    :: d_step {
        crashes > 0 ->
            crashes--;
            taken_back = heard & ~wal[DISK].committed;
            assert(!taken_back);
            copy_history(SERVER, DISK);
            forget_unread_wal();
            start_server()
       }
    /* Replication is asynchronous: what the standby lacks is gone, and the epoch says so. */
    :: d_step {
        promotions > 0 ->
            promotions--;
            timeline++;
            least_epoch = announced_epoch + 1;
            copy_history(SERVER, STANDBY);
            copy_history(DISK, STANDBY);
            forget_unread_wal();
            start_server()
       }
    :: d_step {
        terminations > 0 && phase != LOADING ->
            terminations--;
            start_publisher()
       }
    od
}

/* When nothing can happen any more. */
active proctype at_the_end()
{
    timeout ->
        d_step {
            lost = wal[SERVER].committed & ~heard;
            assert(!lost);
            assert(phase == LOOKING)
        }
}
