/* tests/model/bus.pml: the bus and its sleepers as broker/bus.h and broker/sleepers.h have them.
 *
 * Two publishers, two workers, a ring of two slots; every atomic operation on shared memory is a step of its own.
 * All of them are seq_cst in the code, so that interleaving steps is what the machine can do. (A worker's own
 * cursor moves by its own hand only, so a look at it is not a step.) Proved for all interleavings:
 *   - no slot is overwritten that a worker has not read or whose reference is still held;
 *   - each worker reads every number once, in order: no hole after a refusal;
 *   - each reference is dropped exactly once, and all that everyone has passed are dropped at the end;
 *   - nobody sleeps for ever with an event it wants in the ring, and no refused publisher waits for ever.
 * Publisher 0 publishes what both workers want, publisher 1 what only worker 1 wants. A worker also gets up by
 * itself (a timer, a socket), FIDGETS times.
 *
 * The whole has too many states for a quick run. NO_SLEEP leaves only the ring (workers that spin), RECLAIM_AT_ONCE
 * makes reclaiming one step: `run` checks these two large and the whole small.
 *
 * Mutants (-D), each of which must fail: SLEEP_WITHOUT_RECHECK, MASK_BEFORE_RELEASE, NO_LIGHT_SLEEP,
 * CLAIM_BY_SLOWEST (room by the slowest cursor instead of what was reclaimed), RECLAIM_ONCE (no second look after
 * the lock is given back).
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef EVENTS_0
#define EVENTS_0 2    /* of publisher 0 */
#endif
#ifndef EVENTS_1
#define EVENTS_1 1
#endif
#ifndef FIDGETS
#define FIDGETS 1
#endif
#ifndef LAG
#define LAG SLOTS     /* unread slots that make a worker be woken for anything: the code's quarter. It hides what
                         NO_LIGHT_SLEEP loses, as long as the ring is that full: `run` takes it out of the way. */
#endif
#define TOTAL (EVENTS_0 + EVENTS_1)

byte tail = 0;
byte reclaimed = 0;
bool reclaiming = false;
byte released[SLOTS];        /* index + 1 */
byte owner[SLOTS];           /* which publisher's event the slot holds */
bool held[SLOTS];            /* the bus holds a reference */
byte cursor[2];
bool asleep[2];
bool light[2];
bool woken[2];               /* given to the engine, not yet slept off */
byte dropped = 0;

#define SLOT(i) ((i) % SLOTS)
#define HAS_NEXT(w) (released[SLOT(cursor[w])] == cursor[w] + 1)
#define WANTS(w, p) ((p) == 0 || (w) == 1)
#define SLOWEST (cursor[0] < cursor[1] -> cursor[0] : cursor[1])
#ifdef CLAIM_BY_SLOWEST
#define FREED SLOWEST
#else
#define FREED reclaimed
#endif
#define LOOK_AT_MASK mask = asleep[0] + 2 * asleep[1]

/* The code's wake_if for one sleeper of the mask. Its looks (light, filter, cursor, tail) are one step: each can only
 * turn from no to yes while the worker sleeps. Then fetch_and: who clears the bit wakes. */
inline wake_if(w, wanted) {
  if
  :: (mask & (1 << w)) && (light[w] || wanted) ->
     d_step {
       if
       :: asleep[w] -> asleep[w] = false; woken[w] = true
       :: else
       fi
     }
  :: else
  fi
}

proctype publisher(byte me; byte left) {
  byte at;
  byte mask;
  do
  :: left == 0 -> break
  :: left > 0 ->
     at = tail;
     if
     :: at + 1 > FREED + SLOTS ->
        /* refused: wakes who is behind, tries again when something was reclaimed */
        LOOK_AT_MASK;
        wake_if(0, cursor[0] != tail);
        wake_if(1, cursor[1] != tail);
        d_step { (at + 1 <= FREED + SLOTS || at != tail); at = 0; mask = 0 }
     :: else ->
        if
        :: atomic { tail != at; at = 0 }              /* the CAS failed */
        :: atomic { tail == at; tail = at + 1 };
#ifdef MASK_BEFORE_RELEASE
           LOOK_AT_MASK;
#endif
           d_step {                                   /* the slot, before it is shown */
             assert(!held[SLOT(at)]);
             assert(cursor[0] + SLOTS > at && cursor[1] + SLOTS > at);
             assert(released[SLOT(at)] == (at < SLOTS -> 0 : at + 1 - SLOTS));
             owner[SLOT(at)] = me;
             held[SLOT(at)] = true
           };
           d_step { released[SLOT(at)] = at + 1; at = 0 };
#ifndef MASK_BEFORE_RELEASE
           LOOK_AT_MASK;
#endif
           wake_if(0, WANTS(0, me) || (tail - cursor[0] >= LAG));
           wake_if(1, WANTS(1, me) || (tail - cursor[1] >= LAG));
           d_step { mask = 0; left-- }
        fi
     fi
  od
}

inline look_for_slowest() {
  least = SLOWEST   /* one step: one of the two cursors is the worker's own */
}

inline reclaim() {
#ifdef RECLAIM_AT_ONCE
  d_step {
    look_for_slowest();
    from = reclaimed;
    do
    :: from == least -> break
    :: from != least -> held[SLOT(from)] = false; dropped++; from++
    od;
    reclaimed = least;
    passed = 0; least = 0; from = 0
  }
#else
  if
  :: atomic { passed > reclaimed; passed = 0 }
  :: else ->
     passed = 0;
     do
     :: look_for_slowest();
        if
        :: atomic { least <= reclaimed; least = 0 } -> break
        :: else
        fi;
        if
        :: atomic { reclaiming; least = 0 } -> break
        :: atomic { !reclaiming; reclaiming = true }
        fi;
        atomic { from = reclaimed; look_for_slowest() };
        do
        :: from == least -> break
        :: from != least ->
           d_step {
             assert(held[SLOT(from)] && released[SLOT(from)] == from + 1);
             held[SLOT(from)] = false;
             dropped++;
             from++
           }
        od;
        reclaimed = least;
        d_step { reclaiming = false; least = 0; from = 0 };
#ifdef RECLAIM_ONCE
        break
#endif
     od
  fi
#endif
}

proctype worker(byte me) {
  byte passed;
  byte least;
  byte from;
  byte to;
  byte fidgets = FIDGETS;
#ifdef NO_SLEEP
end:
#endif
  do
  :: HAS_NEXT(me) ->
     /* reads one, or two if two are there, then advances past them in one step */
     to = cursor[me] + 1;
     if
     :: released[SLOT(to)] == to + 1 -> to++
     :: true
     fi;
     d_step {
       passed = cursor[me];
       from = passed;
       do
       :: from == to -> break
       :: from != to ->
          assert(held[SLOT(from)] && released[SLOT(from)] == from + 1);
          from++
       od;
       cursor[me] = to;
       from = 0;
       to = 0
     };
     reclaim()
#ifndef NO_SLEEP
  :: else ->
     /* lie down */
     asleep[me] = true;
#ifndef SLEEP_WITHOUT_RECHECK
     if
     :: HAS_NEXT(me) -> goto up
     :: else
     fi;
#endif
#ifndef NO_LIGHT_SLEEP
     if
     :: cursor[me] == tail -> skip
     :: else ->
        light[me] = true;
#ifndef SLEEP_WITHOUT_RECHECK
        if
        :: HAS_NEXT(me) -> goto up
        :: else
        fi
#endif
     fi;
#endif
end: if
     :: atomic { woken[me]; woken[me] = false }
     :: atomic { fidgets > 0; fidgets-- }
     fi;
up:  asleep[me] = false;
     light[me] = false
#endif
  od
}

/* When nothing can move any more: everything was published, and nobody lacks what it wants. */
proctype judge() {
  byte w = 0;
  byte i;
  timeout;
  assert(tail == TOTAL);
  do
  :: w == 2 -> break
  :: else ->
     i = cursor[w];
     do
     :: i == tail -> break
     :: else ->
        assert(released[SLOT(i)] == i + 1);
        assert(!WANTS(w, owner[SLOT(i)]));
        i++
     od;
     w++
  od;
  assert(!reclaiming);
  assert(reclaimed == SLOWEST && dropped == reclaimed)
}

init {
  atomic {
    run publisher(0, EVENTS_0);
    run publisher(1, EVENTS_1);
    run worker(0);
    run worker(1);
    run judge()
  }
}
