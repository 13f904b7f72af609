// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network's methods: what the policy and the rights forbid, what is made and given back where it cannot be granted, questions and addresses that come later. */
#include "tests/unit/kernel/cap/net_calls.h"

#include "kernel/cap/net_object.c"

enum { PORT = 80, RIGHTS = CAPOS_NET_RIGHT_CONNECT | CAPOS_NET_RIGHT_LISTEN };

const struct cap_interface net_interface = { .rights = RIGHTS };
static const struct cap_interface made_interface = { .rights = 5 };
static struct net_listener listener;
static struct net_stream connection;
static struct net_datagram datagram;
static struct object *net, made;
static struct net_endpoint at;
static unsigned backlog_asked, undone, watches, cancelled;
static status_t makes, resolves;
static bool no_object, has, answers_at_once;
static struct net_query *const query = (struct net_query *)&listener;
static net_query_done *question_done;
static void *question_ctx;
static void (*address_changed)(void *ctx);
static const struct net_address an_address = { NET_FAMILY_4, { 10, 9, 8, 7 } };

static void made_destroy(struct object *object)
{
	CU_ASSERT_PTR_EQUAL(object, &made);
	undone++;
}

static struct object *object_make(void)
{
	if (no_object)
		return NULL;
	object_init(&made, &made_interface, made_destroy);
	return &made;
}

struct object *listener_object_create(struct net_listener *of)
{
	CU_ASSERT_PTR_EQUAL(of, &listener);
	return object_make();
}

struct object *stream_object_create(struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	return object_make();
}

struct object *datagram_object_create(struct net_datagram *of, struct net_object *owner)
{
	CU_ASSERT(of == &datagram && &owner->object == net && net->holds == 2);
	return object_make();
}

status_t net_listener_open(const struct net_endpoint *where, unsigned backlog, struct net_listener **out)
{
	at = *where;
	backlog_asked = backlog;
	*out = &listener;
	return makes;
}

status_t net_stream_connect(struct net_binding *from, const struct net_endpoint *to, struct net_stream **out)
{
	CU_ASSERT_PTR_NULL(from);
	at = *to;
	*out = &connection;
	return makes;
}

status_t net_datagram_open(const struct net_endpoint *where, unsigned shares, struct net_datagram **out)
{
	CU_ASSERT_FALSE(shares);
	at = *where;
	*out = &datagram;
	return makes;
}

void net_listener_close(struct net_listener *of)
{
	undone += of == &listener;
}

void net_stream_abort(struct net_stream *of)
{
	undone += of == &connection;
}

void net_datagram_close(struct net_datagram *of)
{
	undone += of == &datagram;
}

status_t net_resolve(struct span name, enum net_family family, net_query_done *done, void *ctx, struct net_query **out)
{
	CU_ASSERT(name.len == 3 && family == NET_FAMILY_ANY);
	question_done = done;
	question_ctx = ctx;
	*out = query;
	if (answers_at_once && resolves == STATUS_OK) {
		*out = NULL;
		done(ctx, STATUS_OK, &an_address);
	}
	return resolves;
}

void net_resolve_cancel(struct net_query *of)
{
	cancelled += of == query;
}

bool net_address_get(struct net_address *out)
{
	if (has)
		*out = an_address;
	return has;
}

void net_address_watch(void (*changed)(void *ctx))
{
	address_changed = changed;
	watches++;
}

/* A network of which a listener and connections to 10.9.8.0/24 are allowed, at port 80. */
static void begin(void)
{
	struct net_policy policy = { .resolve = true };

	CU_ASSERT_EQUAL(net_policy_add_listen(&policy, span_of("tcp:80", 6)), STATUS_OK);
	CU_ASSERT_EQUAL(net_policy_add_listen(&policy, span_of("udp:80", 6)), STATUS_OK);
	CU_ASSERT_EQUAL(net_policy_add_connect(&policy, span_of("10.9.8.0/24:80/tcp", 18)), STATUS_OK);
	call_begin(NULL, RIGHTS, NULL, 0);
	CU_ASSERT_EQUAL_FATAL(net_object_create(&policy, &net), STATUS_OK);
	world.call.object = net;
	makes = resolves = STATUS_OK;
	no_object = has = answers_at_once = false;
	undone = cancelled = 0;
}

static void end(void)
{
	CU_ASSERT_EQUAL(net->holds, 1);
	object_put(net);
}

static int64_t make_one(unsigned kind, uint16_t family, uint8_t last, uint16_t port)
{
	const struct capos_net_listen listening = { .address = { 10, 9, 8, last }, .family = family, .port = port, .backlog = 9 };
	const struct capos_net_connect connecting = { .address = { 10, 9, 8, last }, .family = family, .port = port };
	const struct capos_net_bind binding = { .address = { 10, 9, 8, last }, .family = family, .port = port };

	world.granted = NULL;
	return kind == 0 ? network_listen(&world.call, &listening) :
	       kind == 1 ? network_connect(&world.call, &connecting) : network_bind(&world.call, &binding);
}

static void what_is_allowed_is_made_and_granted_with_every_right(void)
{
	for (unsigned kind = 0; kind < 3; kind++) {
		begin();
		CU_ASSERT_EQUAL(make_one(kind, NET_FAMILY_4, 7, PORT), STATUS_OK);
		CU_ASSERT(world.granted == &made && world.granted_rights == 5 && world.call.new_cap == NEW_CAP);
		CU_ASSERT(at.port == PORT && at.address.family == NET_FAMILY_4 && memcmp(at.address.bytes, "\x0a\x09\x08\x07\0\0", 6) == 0);
		CU_ASSERT(kind != 0 || backlog_asked == 9);
		CU_ASSERT_EQUAL(undone, 0);
		end();
	}
}

static void what_cannot_be_made_or_granted_leaves_nothing(void)
{
	for (unsigned kind = 0; kind < 3; kind++) {
		begin();
		makes = STATUS_EADDRINUSE;
		CU_ASSERT_EQUAL(make_one(kind, NET_FAMILY_4, 7, PORT), STATUS_EADDRINUSE);
		CU_ASSERT_EQUAL(undone, 0);
		makes = STATUS_OK;
		no_object = true;
		CU_ASSERT_EQUAL(make_one(kind, NET_FAMILY_4, 7, PORT), STATUS_ENOMEM);
		CU_ASSERT_EQUAL(undone, 1);
		no_object = false;
		world.grants = STATUS_ENOSPC;
		CU_ASSERT_EQUAL(make_one(kind, NET_FAMILY_4, 7, PORT), STATUS_ENOSPC);
		CU_ASSERT_EQUAL(undone, 2);
		CU_ASSERT_PTR_NULL(world.granted);
		end();
	}
}

static void what_is_no_address_or_not_allowed_is_refused(void)
{
	begin();
	for (unsigned kind = 0; kind < 3; kind++) {
		CU_ASSERT_EQUAL(make_one(kind, 5, 7, PORT), STATUS_EINVAL);
		CU_ASSERT_EQUAL(make_one(kind, NET_FAMILY_4, 7, PORT + 1), STATUS_EPERM);
	}
	CU_ASSERT_EQUAL(make_one(0, NET_FAMILY_4, 7, 0), STATUS_EINVAL);
	CU_ASSERT_EQUAL(make_one(0, NET_FAMILY_ANY, 7, PORT), STATUS_OK);
	CU_ASSERT_EQUAL(make_one(1, NET_FAMILY_ANY, 7, PORT), STATUS_EINVAL);
	CU_ASSERT_EQUAL(make_one(1, NET_FAMILY_6, 7, PORT), STATUS_EPERM);
	CU_ASSERT_EQUAL(make_one(2, NET_FAMILY_4, 7, 0), STATUS_OK); /* any port */
	world.call.rights = CAPOS_NET_RIGHT_CONNECT;
	CU_ASSERT_EQUAL(make_one(2, NET_FAMILY_4, 7, PORT), STATUS_EACCES);
	CU_ASSERT_EQUAL(make_one(2, NET_FAMILY_4, 7, 0), STATUS_OK);
	world.call.rights = CAPOS_NET_RIGHT_LISTEN;
	CU_ASSERT_EQUAL(make_one(2, NET_FAMILY_4, 7, 0), STATUS_EACCES);
	net->holds = 0;
	CU_ASSERT_EQUAL(make_one(2, NET_FAMILY_4, 7, PORT), STATUS_EBADF);
	net->holds = 1;
	end();
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(net_object_create(&(struct net_policy){ 0 }, &net), STATUS_ENOMEM);
}

static void an_address_is_read_to_its_last_byte_and_no_further(void)
{
	static const uint8_t bytes[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct net_endpoint end_point;
	uint8_t back[16];
	uint16_t family, port;

	CU_ASSERT_TRUE(net_endpoint_read(bytes, NET_FAMILY_4, 99, &end_point));
	CU_ASSERT(memcmp(end_point.address.bytes, "\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0 && end_point.port == 99);
	CU_ASSERT_TRUE(net_endpoint_read(bytes, NET_FAMILY_6, 99, &end_point));
	CU_ASSERT_EQUAL(memcmp(end_point.address.bytes, bytes, 16), 0);
	net_endpoint_write(&end_point, back, &family, &port);
	CU_ASSERT(memcmp(back, bytes, 16) == 0 && family == NET_FAMILY_6 && port == 99);
	CU_ASSERT_TRUE(net_endpoint_read(bytes, NET_FAMILY_ANY, 99, &end_point));
	CU_ASSERT_EQUAL(end_point.address.bytes[0], 0);
	CU_ASSERT_FALSE(net_endpoint_read(bytes, 1, 99, &end_point));
}

static int64_t ask(void)
{
	return network_resolve(&world.call, &(struct capos_net_resolve){ .family = NET_FAMILY_ANY }, span_of("abc", 3));
}

static struct capos_net_resolve_result answer(void)
{
	struct capos_net_resolve_result result;

	CU_ASSERT_EQUAL_FATAL(world.operation.data_len, sizeof(result));
	memcpy(&result, world.operation.data, sizeof(result));
	return result;
}

static void a_question_is_answered_once_now_or_later(void)
{
	for (unsigned at_once = 0; at_once < 2; at_once++) {
		begin();
		answers_at_once = at_once;
		CU_ASSERT_EQUAL(ask(), CAP_PENDING);
		if (!at_once) {
			CU_ASSERT_EQUAL(world.finished, 0);
			question_done(question_ctx, STATUS_OK, &an_address);
		}
		CU_ASSERT(world.finished == 1 && world.finished_with == STATUS_OK);
		CU_ASSERT(answer().family == NET_FAMILY_4 && answer().address[3] == 7 && answer().address[4] == 0);
		end();
	}
	begin();
	CU_ASSERT_EQUAL(ask(), CAP_PENDING);
	question_done(question_ctx, STATUS_ENOENT, NULL);
	CU_ASSERT(world.finished == 1 && world.finished_with == STATUS_ENOENT && world.operation.data_len == 0);
	resolves = STATUS_EAGAIN; /* it cannot even be asked */
	CU_ASSERT_EQUAL(ask(), CAP_PENDING);
	CU_ASSERT(world.finished == 2 && world.finished_with == STATUS_EAGAIN);
	end();
}

static void a_question_that_is_withdrawn_is_taken_back(void)
{
	begin();
	CU_ASSERT_EQUAL(ask(), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	world.operation.withdraw(&world.operation);
	CU_ASSERT_EQUAL(cancelled, 1);
	CU_ASSERT_EQUAL(ask(), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	question_done(question_ctx, STATUS_OK, &an_address); /* just then */
	CU_ASSERT_EQUAL(world.finished, 0);
	world.operation.withdraw(&world.operation);
	CU_ASSERT_EQUAL(cancelled, 1);
	end();
}

static void questions_need_permission_a_family_and_memory(void)
{
	begin();
	CU_ASSERT_EQUAL(network_resolve(&world.call, &(struct capos_net_resolve){ .family = 5 }, span_of("abc", 3)), STATUS_EINVAL);
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(ask(), STATUS_ENOMEM);
	world.allocations_left = EVER;
	world.no_operation = true;
	CU_ASSERT_EQUAL(ask(), STATUS_ENOMEM);
	net_of(net)->policy.resolve = false;
	CU_ASSERT_EQUAL(ask(), STATUS_EPERM);
	CU_ASSERT_EQUAL(world.begun, 0);
	end();
}

static void an_address_is_waited_for_and_watched_once(void)
{
	begin();
	CU_ASSERT_EQUAL(network_address(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(watches, 1);
	address_changed(NULL);
	CU_ASSERT_EQUAL(world.finished, 0);
	CU_ASSERT_TRUE(operation_claim(&world.operation)); /* gives up */
	world.operation.withdraw(&world.operation);
	CU_ASSERT_EQUAL(network_address(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(watches, 1);
	has = true;
	address_changed(NULL);
	CU_ASSERT(world.finished == 1 && world.finished_with == 0);
	CU_ASSERT_EQUAL(net_settle(NULL), 0);
	CU_ASSERT(answer().family == NET_FAMILY_4 && answer().address[0] == 10);
	CU_ASSERT_EQUAL(network_address(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(world.finished, 2); /* it is there */
	world.operation.data_len = 0;
	world.operation.result = STATUS_ETIMEDOUT;
	CU_ASSERT_EQUAL(net_settle(NULL), STATUS_ETIMEDOUT);
	CU_ASSERT_EQUAL(world.operation.data_len, 0);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_allowed_is_made_and_granted_with_every_right),
	UNIT_CASE(what_cannot_be_made_or_granted_leaves_nothing),
	UNIT_CASE(what_is_no_address_or_not_allowed_is_refused),
	UNIT_CASE(an_address_is_read_to_its_last_byte_and_no_further),
	UNIT_CASE(a_question_is_answered_once_now_or_later),
	UNIT_CASE(a_question_that_is_withdrawn_is_taken_back),
	UNIT_CASE(questions_need_permission_a_family_and_memory),
	UNIT_CASE(an_address_is_waited_for_and_watched_once),
};

UNIT_MAIN("kernel/cap/net_object", cases)
