// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What goes over the channels. */
#ifndef APPS_PING_PONG_MESSAGE_H
#define APPS_PING_PONG_MESSAGE_H

#include <stdint.h>

enum { CAPACITY = 1024, BATCH = 64, THERE = 500000 };

/* A cache line: a number, and contents that follow from it. */
struct message {
	uint64_t number;
	uint64_t words[7];
};

/* What word `i` of a message is: other bits than those of its neighbours, and other ones on the way back. */
static inline uint64_t message_word(uint64_t number, unsigned i, uint64_t key)
{
	return (number + key) * 0x9e3779b97f4a7c15u + i;
}

#define KEY_THERE 1u
#define KEY_BACK 2u

static inline void message_fill(struct message *message, uint64_t number, uint64_t key)
{
	message->number = number;
	for (unsigned i = 0; i < 7; i++)
		message->words[i] = message_word(number, i, key);
}

/* Each word is read once: the sender can write it meanwhile. */
static inline int message_is(const volatile struct message *message, uint64_t number, uint64_t key)
{
	uint64_t wrong = message->number ^ number;

	for (unsigned i = 0; i < 7; i++)
		wrong |= message->words[i] ^ message_word(number, i, key);
	return wrong == 0;
}

#endif
