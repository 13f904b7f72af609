/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */

/*
 * The protocol of lib/disruptor: two producers, two consumers, a ring so small that it goes round several times. Every
 * load and store of a shared word is a step of its own, and of a message two: begun, then done. What a relaxed load may
 * miss is what the scheduler here may do before the next step; what acquire and release forbid is the order of steps within
 * a process, which the BREAK_ variants below undo one by one.
 *
 * Checked in every interleaving:
 *   loss          a consumer that waits for what never comes is an invalid end state; at its end it has had all
 *   duplication   message s of the ring is taken once, and is the producer's next
 *   order         each producer's messages come in the order they were sent
 *   overrun       nothing is written that a consumer has not released; a message does not change while it is read
 *   shutdown      what was claimed before the close arrives, nothing is claimed after it
 *
 * Variants: SINGLE (one producer, the `published` counter), PIPELINE (the second consumer after the first; else both at once),
 * CLOSE_EARLY (a third party closes at any moment; else the last producer does).
 */

#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef MESSAGES
#define MESSAGES 3 /* of each producer */
#endif
#ifndef FEWER
#define FEWER 0 /* by so many of the second */
#endif
#define MESSAGES_OF(producer) (MESSAGES - (producer) * FEWER)
#ifdef SINGLE
#define PRODUCERS 1
#else
#define PRODUCERS 2
#endif
#define SLOT(s) ((s) % CAPACITY)
#define CLOSED 128
#define NEVER 255
#define TORN 255
#define VALUE(producer, number) ((producer) * 16 + (number))

byte claimed;          /* W: producers, by compare-and-swap */
byte limit = CAPACITY; /* W: producers; may be stored late, and so go back */
byte published;        /* W: the single producer */
byte batch_ends[CAPACITY];
byte slots[CAPACITY];
byte released[2]; /* W: consumer i */
byte end = NEVER; /* W: whoever closes */
byte producing = PRODUCERS;

#ifdef BREAK_GATE /* producers do not wait for the second consumer */
#define SLOWEST released[0]
#else
#define SLOWEST (released[0] < released[1] -> released[0] : released[1])
#endif

inline close_ring()
{
	d_step {
		was = claimed;
		claimed = claimed | CLOSED;
	}
	if
	:: !(was & CLOSED) -> end = was
	:: else
	fi;
	was = 0
}

/* disruptor_*_try_claim and the waiting around it; `count` slots from `next` on, or `done` where the ring is closed. */
inline claim()
{
	skip;
again:
	next = claimed;
recheck:
	bound = limit;
	if
	:: next + count > bound ->
		if
		:: next & CLOSED -> goto done
		:: else
		fi;
		bound = released[0];
#ifndef BREAK_GATE
		i = released[1]; /* read once: it grows meanwhile */
		d_step {
			bound = (i < bound -> i : bound);
			i = 0
		};
#endif
		bound = bound + CAPACITY;
		limit = bound;
		if
		:: next + count > bound ->
			/* Full. Whoever waits is woken by a release, or by another's claim or close. */
			(claimed != next || SLOWEST + CAPACITY >= next + count);
			goto again
		:: else
		fi
	:: else
	fi;
#ifdef BREAK_CLAIM /* a load and a store in place of the compare-and-swap */
	if
	:: claimed == next
	:: else -> next = claimed; goto recheck
	fi;
	claimed = next + count;
#else
	if
	:: d_step { claimed == next -> claimed = next + count }
	:: d_step { claimed != next -> next = claimed }; goto recheck
	fi;
#endif
	skip
}

inline publish()
{
#ifdef SINGLE
	published = next + count
#else
	batch_ends[SLOT(next)] = next + count
#endif
}

proctype producer(byte me)
{
	byte sent, next, count, bound, i, was;

	do
	:: sent == MESSAGES_OF(me) -> break
	:: sent < MESSAGES_OF(me) ->
		if
		:: count = 1
		:: MESSAGES_OF(me) - sent >= 2 -> count = 2
		fi;
		claim();
#ifdef BREAK_RELEASE /* published before it is written, as a relaxed store would allow */
		publish();
#endif
		i = 0;
		do
		:: i == count -> break
		:: i < count ->
			d_step {
				assert(next + i < released[0] + CAPACITY && next + i < released[1] + CAPACITY);
				slots[SLOT(next + i)] = TORN
			};
			d_step {
				slots[SLOT(next + i)] = VALUE(me, sent + i);
				i++
			}
		od;
#ifndef BREAK_RELEASE
		publish();
#endif
		skip;
		d_step {
			sent = sent + count;
			count = 0; next = 0; bound = 0; i = 0
		}
	od;
done:
	skip;
	d_step {
		producing--;
		was = producing
	};
	if
	:: was == 0 -> close_ring()
	:: else
	fi
}

proctype consumer(byte me)
{
	byte next, available, stop, value, got;
	byte number[2]; /* of each producer's next message */

	do
	:: next == available ->
#ifdef BREAK_ACQUIRE /* the message is read before it is known to be there */
		value = slots[SLOT(next)];
#endif
#ifdef PIPELINE
		if
		:: me == 1 -> available = released[0]
		:: me == 0 ->
#endif
#ifdef SINGLE
			available = published
#else
			do
			:: available - next >= CAPACITY -> break
			:: available - next < CAPACITY ->
				stop = batch_ends[SLOT(available)];
#ifdef BREAK_LAP /* an entry of an earlier lap taken for a batch */
				if
				:: stop == 0 -> break
				:: stop > 0 && stop <= available -> available++
#else
				if
				:: stop <= available -> break
#endif
				:: stop > available -> available = stop
				fi
			od;
			stop = 0
#endif
#ifdef PIPELINE
		fi
#endif
		;
		if
		:: available > next
		:: available == next ->
			if
			:: end == next -> break
#ifdef PIPELINE
			:: me == 1 && released[0] > next
			:: me == 0 &&
#else
			::
#endif
#ifdef SINGLE
			   published > next
#else
			   batch_ends[SLOT(next)] > next
#endif
			fi
		fi
	:: next < available ->
#ifdef BREAK_RELEASED /* given back before it is read */
		released[me] = next + 1;
#endif
#ifndef BREAK_ACQUIRE
		value = slots[SLOT(next)];
#endif
		d_step {
			assert(value != TORN);
			got = value / 16;
			assert(got < PRODUCERS && value % 16 == number[got]);
			number[got]++;
			got = 0
		};
		d_step {
			assert(slots[SLOT(next)] == value);
			next++;
			value = 0
		};
		/* One by one, or some at once. */
		if
		:: released[me] = next
		:: next < available
		fi
	od;
	skip;
	d_step {
		assert(next == end && (claimed & CLOSED) && next == number[0] + number[1]);
#ifndef CLOSE_EARLY
		assert(next == PRODUCERS * MESSAGES - (PRODUCERS - 1) * FEWER);
#endif
		next = 0
	}
}

#ifdef CLOSE_EARLY
active proctype closer()
{
	byte was;

	close_ring()
}
#endif

init {
	atomic {
		run producer(0);
#ifndef SINGLE
		run producer(1);
#endif
		run consumer(0);
		run consumer(1)
	}
}
