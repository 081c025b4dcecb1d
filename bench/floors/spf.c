/*
 * What lib/core/spf.ts and lib/core/dijkstra.ts do, in C: the shortest-path tree of an area (RFC 2328 16.1, first stage)
 * from the bytes of its LSAs. The same steps and the same structures: vertices by an open-addressed table of ids, edges
 * as compressed rows, the check for a link back (16.1 (2b)), a heap (four below each) that knows the place of each vertex, networks
 * first among equals. Everything but the LSAs is made anew each time, and all of it is measured.
 *
 * What it leaves out helps it: next hops are bits (one for each link of the root) in place of interned sets, distances
 * have 32 bits, nothing is old or malformed, the root's links are point-to-point, and no vertex has so many links that
 * it needs an index.
 *
 *   cc -O2 -o spf spf.c
 *   ./spf FILE ROUNDS    FILE: the Router ID of the root (32 bits, as in a packet), then LSAs, one after the other
 *
 * It prints what bench/spf-agent.ts prints, as JSON; equal checks mean equal distances and numbers of next hops.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUTER_LSA = 1, NETWORK_LSA = 2 };
enum { POINT_TO_POINT = 1, TRANSIT = 2, VIRTUAL = 4 };
enum { HEADER = 20 };
#define NONE UINT32_MAX

struct lsa {
	uint8_t *raw;
	uint32_t id;
	uint16_t length;
	uint8_t type;
};

/* The database: each LSA in a block of its own, as instances come and go. */
static struct lsa *lsas;
static uint32_t lsa_count;

static uint16_t u16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t u32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static void *block(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);
	if (!p) {
		perror("calloc");
		exit(1);
	}
	return p;
}

static double milliseconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Vertices by id. */
struct ids {
	struct slot {
		uint32_t id, vertex; /* plus one; 0: empty */
	} *slots;
	uint32_t mask, shift;
};

static struct ids ids_make(uint32_t count)
{
	struct ids t;
	uint32_t bits = 4;
	while (1u << bits < 2 * count)
		bits++;
	t.slots = block(1u << bits, sizeof *t.slots);
	t.mask = (1u << bits) - 1;
	t.shift = 32 - bits;
	return t;
}

static void ids_put(struct ids *t, uint32_t id, uint32_t vertex)
{
	uint32_t at = id * 2654435769u >> t->shift;
	while (t->slots[at].vertex && t->slots[at].id != id)
		at = (at + 1) & t->mask;
	t->slots[at].id = id;
	t->slots[at].vertex = vertex + 1;
}

static uint32_t ids_get(const struct ids *t, uint32_t id)
{
	for (uint32_t at = id * 2654435769u >> t->shift; t->slots[at].vertex; at = (at + 1) & t->mask)
		if (t->slots[at].id == id)
			return t->slots[at].vertex - 1;
	return NONE;
}

struct tree {
	uint32_t count;
	struct lsa **vertices;
	struct ids routers, networks;
	uint32_t *first, *target, *cost; /* usable edges */
	uint8_t *is_network;
	uint32_t *distance, *order, joined;
	uint64_t *hops;
};

static uint32_t end_of(const struct tree *t, const uint8_t *link)
{
	switch (link[8]) {
	case TRANSIT:
		return ids_get(&t->networks, u32(link));
	case POINT_TO_POINT:
	case VIRTUAL:
		return ids_get(&t->routers, u32(link));
	}
	return NONE;
}

static void make_vertices(struct tree *t)
{
	uint32_t networks = 0;
	t->vertices = block(lsa_count, sizeof *t->vertices);
	for (uint32_t i = 0; i < lsa_count; i++)
		networks += lsas[i].type == NETWORK_LSA;
	t->routers = ids_make(lsa_count - networks);
	t->networks = ids_make(networks);
	for (uint32_t i = 0; i < lsa_count; i++) {
		struct lsa *lsa = &lsas[i];
		ids_put(lsa->type == ROUTER_LSA ? &t->routers : &t->networks, lsa->id, t->count);
		t->vertices[t->count++] = lsa;
	}
}

static void make_edges(struct tree *t)
{
	uint32_t most = 0, count = 0, *first, *target, *cost;
	uint8_t *is_back;
	for (uint32_t v = 0; v < t->count; v++) {
		const struct lsa *lsa = t->vertices[v];
		most += lsa->type == ROUTER_LSA ? u16(lsa->raw + HEADER + 2) : (lsa->length - HEADER - 4) / 4;
	}
	/* every link that leads to a vertex */
	first = block(t->count + 1, 4);
	target = block(most, 4);
	cost = block(most, 4);
	t->is_network = block(t->count, 1);
	for (uint32_t v = 0; v < t->count; v++) {
		const struct lsa *lsa = t->vertices[v];
		first[v] = count;
		if (lsa->type == ROUTER_LSA) {
			const uint8_t *link = lsa->raw + HEADER + 4;
			for (uint32_t left = u16(lsa->raw + HEADER + 2); left; left--, link += 12 + 4 * link[9]) {
				uint32_t w = end_of(t, link);
				if (w == NONE)
					continue;
				target[count] = w;
				cost[count++] = u16(link + 10);
			}
		} else {
			t->is_network[v] = 1;
			for (const uint8_t *p = lsa->raw + HEADER + 4; p < lsa->raw + lsa->length; p += 4) {
				uint32_t w = ids_get(&t->routers, u32(p));
				if (w != NONE)
					target[count++] = w;
			}
		}
	}
	first[t->count] = count;
	/* 16.1 (2b): those that lead back as well */
	t->first = block(t->count + 1, 4);
	t->target = block(count, 4);
	t->cost = block(count, 4);
	is_back = block(count, 1);
	for (uint32_t v = 0; v < t->count; v++) {
		for (uint32_t e = first[v]; e < first[v + 1]; e++) {
			uint32_t w = target[e], back = first[w];
			if (is_back[e]) /* found from there */
				continue;
			while (back < first[w + 1] && target[back] != v)
				back++;
			if (back < first[w + 1])
				is_back[e] = is_back[back] = 1;
		}
	}
	count = 0;
	for (uint32_t v = 0; v < t->count; v++) {
		t->first[v] = count;
		for (uint32_t e = first[v]; e < first[v + 1]; e++) {
			if (!is_back[e])
				continue;
			t->target[count] = target[e];
			t->cost[count++] = cost[e];
		}
	}
	t->first[t->count] = count;
	free(is_back);
	free(first);
	free(target);
	free(cost);
}

static void dijkstra(struct tree *t, uint32_t root)
{
	/* each has four below it; behind the last key, and for three beside it, there is NONE */
	uint32_t *heap = block(t->count, 4), *keys = block(t->count + 4, 4), size = 1;
	int32_t *place = block(t->count, 4); /* in the heap plus one; 0: never seen; -1: in the tree */
	t->distance = block(t->count, 4);
	t->order = block(t->count, 4);
	t->hops = block(t->count, 8);
	memset(t->distance, 0xff, 4 * (size_t)t->count);
	memset(keys, 0xff, 4 * ((size_t)t->count + 4));
	heap[0] = root;
	keys[0] = 0;
	place[root] = 1;
	t->distance[root] = 0;
	while (size) {
		uint32_t v = heap[0], here = t->distance[v];
		place[v] = -1;
		t->order[t->joined++] = v;
		uint32_t last = heap[--size], last_key = keys[size];
		keys[size] = NONE;
		if (size) {
			uint32_t at = 0;
			for (uint32_t below = 1; below < size; below = 4 * at + 1) {
				uint32_t least = below;
				for (uint32_t i = 1; i < 4; i++)
					if (keys[below + i] < keys[least])
						least = below + i;
				if (keys[least] >= last_key)
					break;
				heap[at] = heap[least];
				keys[at] = keys[least];
				place[heap[at]] = (int32_t)at + 1;
				at = least;
			}
			heap[at] = last;
			keys[at] = last_key;
			place[last] = (int32_t)at + 1;
		}
		for (uint32_t e = t->first[v]; e < t->first[v + 1]; e++) {
			uint32_t w = t->target[e], d = here + t->cost[e], key, at;
			/* 16.1.1: the next hops of the parents; of the root, its own links */
			uint64_t via = v == root ? 1ull << (e - t->first[v]) : t->hops[v];
			if (d >= t->distance[w]) {
				if (d == t->distance[w] && place[w] != -1)
					t->hops[w] |= via;
				continue;
			}
			t->distance[w] = d;
			t->hops[w] = via;
			key = 2 * d + 1 - t->is_network[w];
			at = place[w] ? (uint32_t)place[w] - 1 : size++;
			while (at) {
				uint32_t parent = (at - 1) >> 2;
				if (key >= keys[parent])
					break;
				heap[at] = heap[parent];
				keys[at] = keys[parent];
				place[heap[at]] = (int32_t)at + 1;
				at = parent;
			}
			heap[at] = w;
			keys[at] = key;
			place[w] = (int32_t)at + 1;
		}
	}
	free(heap);
	free(keys);
	free(place);
}

static void tree_free(struct tree *t)
{
	void *all[] = { t->vertices, t->routers.slots, t->networks.slots, t->first, t->target,
		 t->cost, t->is_network, t->distance, t->order, t->hops };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void load(const char *path, uint32_t *root)
{
	FILE *f = fopen(path, "rb");
	uint8_t head[HEADER];
	uint32_t room = 0;
	if (!f || fread(head, 1, 4, f) != 4) {
		perror(path);
		exit(1);
	}
	*root = u32(head);
	while (fread(head, 1, HEADER, f) == HEADER) {
		struct lsa lsa = { .id = u32(head + 4), .length = u16(head + 18), .type = head[3] };
		lsa.raw = block(lsa.length, 1);
		memcpy(lsa.raw, head, HEADER);
		if (fread(lsa.raw + HEADER, 1, lsa.length - HEADER, f) != (size_t)(lsa.length - HEADER)) {
			fprintf(stderr, "%s: truncated\n", path);
			exit(1);
		}
		if (lsa_count == room) {
			room = room ? 2 * room : 1024;
			lsas = realloc(lsas, room * sizeof *lsas);
			if (!lsas) {
				perror("realloc");
				exit(1);
			}
		}
		lsas[lsa_count++] = lsa;
	}
	fclose(f);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *all, int count)
{
	qsort(all, (size_t)count, sizeof *all, compare);
	return all[count / 2];
}

/* FNV-1a over 32-bit numbers. */
static uint32_t mix(uint32_t check, uint32_t value) { return (check ^ value) * 16777619u; }

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 0;
	uint32_t root_id, check = 2166136261u, edges = 0, reached = 0;
	double *whole, *paths, first, first_paths;
	if (rounds < 1) {
		fprintf(stderr, "usage: spf FILE ROUNDS\n");
		return 2;
	}
	load(argv[1], &root_id);
	whole = block((size_t)rounds, sizeof *whole);
	paths = block((size_t)rounds, sizeof *paths);
	for (int round = 0; round < rounds; round++) {
		struct tree t = { 0 };
		double begun = milliseconds(), arrays;
		uint32_t root;
		make_vertices(&t);
		make_edges(&t);
		root = ids_get(&t.routers, root_id);
		if (root == NONE) {
			fprintf(stderr, "no router-LSA of the root\n");
			return 1;
		}
		arrays = milliseconds();
		dijkstra(&t, root);
		whole[round] = milliseconds() - begun;
		paths[round] = milliseconds() - arrays;
		if (round == rounds - 1) {
			edges = t.first[t.count];
			reached = t.joined;
			for (uint32_t v = 0; v < t.count; v++) {
				check = mix(check, t.distance[v]);
				check = mix(check, (uint32_t)__builtin_popcountll(t.hops[v]));
			}
		}
		tree_free(&t);
	}
	first = whole[0];
	first_paths = paths[0];
	printf("{\"edges\":%u,\"reached\":%u,\"check\":%u,\"tree\":{\"median\":%.4f,\"first\":%.4f},"
	       "\"dijkstra\":{\"median\":%.4f,\"first\":%.4f}}\n",
	       edges, reached, check, median(whole, rounds), first, median(paths, rounds), first_paths);
	return 0;
}
