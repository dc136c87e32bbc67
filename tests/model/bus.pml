/* tests/model/bus.pml: the bus and its sleepers as broker/bus.h and broker/sleepers.h have them.
 *
 * Two publishers, two workers, a ring of two slots, every atomic operation a step of its own. All of them are
 * seq_cst in the code, so that interleaving steps is what the machine can do. Proved for all interleavings:
 *   - no slot is overwritten that a worker has not read or whose reference is still held;
 *   - each worker reads every number once, in order: no hole after a refusal;
 *   - each reference is dropped exactly once, and all that everyone has passed are dropped at the end;
 *   - nobody sleeps for ever with an event it wants in the ring, and no refused publisher waits for ever.
 * Publisher 0 publishes what both workers want, publisher 1 what only worker 1 wants.
 *
 * Mutants (-D), each of which must fail: SLEEP_WITHOUT_RECHECK, MASK_BEFORE_RELEASE, NO_LIGHT_SLEEP,
 * CLAIM_BY_SLOWEST (room by the slowest cursor instead of what was reclaimed), RECLAIM_ONCE (no second look after
 * the lock is given back).
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef EVENTS
#define EVENTS 2      /* of each publisher */
#endif
#ifndef LAG
#define LAG SLOTS     /* unread slots that make a worker be woken for anything: the code's quarter */
#endif
#define TOTAL (2 * EVENTS)
#define NONE 255

byte tail = 0;
byte reclaimed = 0;
bool reclaiming = false;
byte released[SLOTS];        /* index + 1 */
byte owner[SLOTS];           /* which publisher's event the slot holds */
bool held[SLOTS];            /* the bus holds a reference */
byte cursor[2];
bool asleep[2];
bool light[2];
byte woken[2];               /* wakes given to the engine and not yet slept off */
byte refused = 0;            /* publishers waiting for room */
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

/* fetch_and: who clears the bit wakes. */
inline wake_one(w) {
  atomic {
    if
    :: asleep[w] -> asleep[w] = false; woken[w] = 1
    :: else
    fi
  }
}

proctype publisher(byte me) {
  byte sent = 0;
  byte at;
  byte w;
  byte mask;
  bool care;
  do
  :: sent == EVENTS -> break
  :: else ->
     /* claim */
     at = tail;
     if
     :: at + 1 > FREED + SLOTS ->
        /* refused: wakes who is behind, tries again when something was reclaimed */
        w = 0;
        do
        :: w == 2 -> break
        :: else ->
           if
           :: asleep[w] && cursor[w] != tail -> wake_one(w)
           :: else
           fi;
           w++
        od;
        (at + 1 <= FREED + SLOTS || at != tail)
     :: else ->
        if
        :: atomic { tail == at -> tail = at + 1 };
#ifdef MASK_BEFORE_RELEASE
           mask = asleep[0] + 2 * asleep[1];
#endif
           /* release */
           assert(!held[SLOT(at)]);
           assert(cursor[0] + SLOTS > at && cursor[1] + SLOTS > at);
           assert(released[SLOT(at)] < at + 1);
           atomic { owner[SLOT(at)] = me; held[SLOT(at)] = true };
           released[SLOT(at)] = at + 1;
#ifndef MASK_BEFORE_RELEASE
           mask = asleep[0] + 2 * asleep[1];
#endif
           /* wake who cares */
           w = 0;
           do
           :: w == 2 -> break
           :: else ->
              if
              :: (mask >> w) & 1 ->
                 care = light[w];
                 if
                 :: !care -> care = WANTS(w, me) || (tail - cursor[w] >= LAG)
                 :: else
                 fi;
                 if
                 :: care -> wake_one(w)
                 :: else
                 fi
              :: else
              fi;
              w++
           od;
           sent++
        :: atomic { tail != at -> skip }  /* the CAS failed */
        fi
     fi
  od
}

inline reclaim(me, passed) {
  if
  :: passed > reclaimed -> skip
  :: else ->
     do
     :: atomic { least = cursor[0] };
        least = (cursor[1] < least -> cursor[1] : least);
        if
        :: least <= reclaimed -> break
        :: else
        fi;
        if
        :: atomic { reclaiming -> break }
        :: atomic { !reclaiming -> reclaiming = true }
        fi;
        from = reclaimed;
        least = cursor[0];
        least = (cursor[1] < least -> cursor[1] : least);
        do
        :: from == least -> break
        :: else ->
           assert(held[SLOT(from)] && released[SLOT(from)] == from + 1);
           held[SLOT(from)] = false;
           d_step { dropped++; from++ }
        od;
        reclaimed = least;
        reclaiming = false;
#ifdef RECLAIM_ONCE
        break
#endif
     od
  fi
}

proctype worker(byte me) {
  byte passed;
  byte least;
  byte from;
  do
  :: HAS_NEXT(me) ->
     /* read what is released: one at a time, or all that is there, which the next rounds do */
     passed = cursor[me];
     assert(held[SLOT(passed)]);
     assert(released[SLOT(passed)] == passed + 1);
     cursor[me] = passed + 1;
     reclaim(me, passed)
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
        if
        :: HAS_NEXT(me) -> goto up
        :: else
        fi
     fi;
#endif
end:     atomic { woken[me] == 1 -> woken[me] = 0 };
up:      asleep[me] = false;
     light[me] = false
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
    run publisher(0);
    run publisher(1);
    run worker(0);
    run worker(1);
    run judge()
  }
}
