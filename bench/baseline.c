// The workloads W1 … W5 of README.md as a numerical engineer would write them by hand: float64 dynamics, vectors of LANES replicas (one
// AVX-512 or AVX2 register), packs that stay in the first-level cache, products in registers, and the generator of the product,
// Threefry2x64-13 with Box and Muller's transform in float32, widened (noise f64m), or in float64 (noise f64).
//
//   gcc -O3 -march=native -mprefer-vector-width=512 -ffp-contract=fast -fno-math-errno -fopenmp baseline.c -o baseline -lm
//   ./baseline W1 [f64m|f64] [threads]        one line, workload c-NOISE threads replica-steps/s; STEPS=n for the check
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512F__
#define L 8
#else
#define L 4
#endif
#define INLINE static inline __attribute__((always_inline))
typedef double vd __attribute__((vector_size(8 * L)));
typedef float vf __attribute__((vector_size(8 * L)));
typedef float vh __attribute__((vector_size(4 * L)));
typedef uint64_t vu __attribute__((vector_size(8 * L)));
typedef int64_t vl __attribute__((vector_size(8 * L)));
typedef uint32_t vw __attribute__((vector_size(8 * L)));
typedef int32_t vi __attribute__((vector_size(8 * L)));

static int single = 1; // noise of float32, widened

INLINE vd splat(double x) { return x - (vd){0}; }
INLINE vu splatu(uint64_t x) { return x + (vu){0}; }
INLINE vu lanes(long pack) {
	vu v;
	for (int l = 0; l < L; l++) v[l] = pack * L + l;
	return v;
}

// ---- random numbers ----
typedef struct { vu a, b; } block;

INLINE block threefry(vu x0, vu x1, vu k0, uint64_t k1s) { // counters (x0, x1), keys (replica, stream)
	static const int rot[8] = {16, 42, 12, 31, 16, 32, 24, 21};
	vu k1 = splatu(k1s), k[3] = {k0, k1, 0x1BD11BDAA9FC1A22ull ^ k0 ^ k1};
	x0 += k[0], x1 += k[1];
#pragma GCC unroll 13
	for (int r = 0; r < 13; r++) {
		x0 += x1;
		x1 = (x1 << rot[r & 7] | x1 >> (64 - rot[r & 7])) ^ x0;
		if ((r & 3) == 3) {
			int s = (r >> 2) + 1;
			x0 += k[s % 3], x1 += k[(s + 1) % 3] + s;
		}
	}
	return (block){x0, x1};
}

INLINE vf root(vf x) {
#if L == 8
	return (vf)_mm512_sqrt_ps((__m512)x);
#else
	return (vf)_mm256_sqrt_ps((__m256)x);
#endif
}
INLINE vd rootd(vd x) {
#if L == 8
	return (vd)_mm512_sqrt_pd((__m512d)x);
#else
	return (vd)_mm256_sqrt_pd((__m256d)x);
#endif
}

INLINE void halves(vf x, vd *low, vd *high) {
	union { vf v; vh h[2]; } u = {x};
	*low = __builtin_convertvector(u.h[0], vd), *high = __builtin_convertvector(u.h[1], vd);
}

INLINE void normals_single(block w, vd z[4]) {
	vi even, odd;
	for (int i = 0; i < 2 * L; i++) even[i] = 2 * i, odd[i] = 2 * i + 1;
	vw a = __builtin_shuffle((vw)w.a, (vw)w.b, (vw)even), b = __builtin_shuffle((vw)w.a, (vw)w.b, (vw)odd);
	vf u = __builtin_convertvector((vi)(a >> 1), vf) * 0x1p-31f + 0x1p-32f;
	vi e = ((vi)u - 0x3f3504f3) >> 23;
	vf t = (vf)((vi)u - (e << 23)) - 1.0f;
	vf p = t * 0.08734836f - 0.14307514f;
	p = p * t + 0.14917973f, p = p * t - 0.1657051f, p = p * t + 0.19962072f, p = p * t - 0.25001755f, p = p * t + 0.33333951f, p = p * t - 0.49999991f;
	p = p * (t * t) + t;
	vf r = root(-2.0f * (__builtin_convertvector(e, vf) * 0.69314718f + p));
	vf x = __builtin_convertvector((vi)b, vf) * 0x1p-33f, q = x * x;
	vf s = q * 39.710918f - 76.574989f;
	s = s * q + 81.602234f, s = s * q - 41.341679f, s = s * q + 6.2831855f;
	vf c = q * -24.982239f + 60.144016f;
	c = c * q - 85.453575f, c = c * q + 64.939346f, c = c * q - 19.739208f, c = c * q + 1.0f;
	halves(r * x * s, &z[0], &z[2]);
	halves(r * (vf)((vi)c ^ (vi)(a << 31)), &z[1], &z[3]);
}

INLINE void pair_double(vu w, vd *z0, vd *z1) { // 40 bits of radius, 24 of angle
	vd u = (__builtin_convertvector((vl)(w >> 24), vd) + 0.5) * 0x1p-40;
	vl e = ((vl)u - 0x3fe6a09e667f3bcdll) >> 52;
	vd t = (vd)((vl)u - (e << 52)) - 1.0, p = t * -0.05138106677227627 + 0.09129020214427612;
	p = p * t - 0.09093665423401259, p = p * t + 0.09010548315125433, p = p * t - 0.09922603470082303, p = p * t + 0.11111100980090767;
	p = p * t - 0.1250330709272926, p = p * t + 0.14285807132517384, p = p * t - 0.16666608868477145, p = p * t + 0.1999999848622499;
	p = p * t - 0.25000000287526525, p = p * t + 0.33333333336240883, p = p * t - 0.5;
	vd r = rootd(-2.0 * (__builtin_convertvector(e, vd) * 0.693147180559945309417 + (p * (t * t) + t)));
	vd x = __builtin_convertvector((vl)(w << 40) >> 40, vd) * 0x1p-25, q = x * x;
	vd s = q * -14.394135391087078 + 42.00980573049144;
	s = s * q - 76.70428132172235, s = s * q + 81.6052262063127, s = s * q - 41.3417021169964, s = s * q + 6.283185307072582;
	vd c = q * -24.98183613269575 + 60.14395233629823;
	c = c * q - 85.45356819516365, c = c * q + 64.93934655289857, c = c * q - 19.739208548315275, c = c * q + 0.9999999997799043;
	*z0 = r * x * s, *z1 = r * (vd)((vl)c ^ (vl)(w << 63));
}

INLINE void normals(block w, vd z[4]) {
	if (single) normals_single(w, z);
	else pair_double(w.a, &z[0], &z[1]), pair_double(w.b, &z[2], &z[3]);
}

// ---- products of small matrices of vectors, dst = a b or dst += a b, all in registers ----
#if L == 8
#define TR 5
#else
#define TR 2
#endif
INLINE void mul(vd *dst, const vd *a, int ar, int ac, const vd *b, int br, int bc, int rows, int inner, int cols) {
	for (int i0 = 0; i0 < rows; i0 += TR) {
		vd acc[TR][5];
#pragma GCC unroll 5
		for (int i = 0; i < TR; i++)
#pragma GCC unroll 5
			for (int j = 0; j < cols; j++) acc[i][j] = (vd){0};
#pragma GCC unroll 1
		for (int k = 0; k < inner; k++)
#pragma GCC unroll 5
			for (int i = 0; i < TR; i++) {
				if (i0 + i >= rows) continue;
				vd x = a[(i0 + i) * ar + k * ac];
#pragma GCC unroll 5
				for (int j = 0; j < cols; j++) acc[i][j] += x * b[k * br + j * bc];
			}
#pragma GCC unroll 5
		for (int i = 0; i < TR; i++)
#pragma GCC unroll 5
			for (int j = 0; j < cols; j++)
				if (i0 + i < rows) dst[(i0 + i) * cols + j] = acc[i][j];
	}
}

static void w1(vd *w, const double *m, long pack, long step, int n, double eta, double sigma) {
	vd *w1 = w, *w2 = w + 25, *w3 = w + 50, p[25], e[25], b[25], g[75], z[76];
	vu replica = lanes(pack);
	for (int s = 0; s < n; s++) {
		for (int i = 0; i < 76; i += 4) normals(threefry(splatu(step + s), splatu(i / 4), replica, 1), z + i);
		mul(p, w2, 5, 1, w1, 5, 1, 5, 5, 5);
		mul(e, w3, 5, 1, p, 5, 1, 5, 5, 5);
		for (int i = 0; i < 25; i++) e[i] -= m[i];
		mul(b, w3, 1, 5, e, 5, 1, 5, 5, 5);
		mul(g, w2, 1, 5, b, 5, 1, 5, 5, 5);
		mul(g + 25, b, 5, 1, w1, 1, 5, 5, 5, 5);
		mul(g + 50, e, 5, 1, p, 1, 5, 5, 5, 5);
		for (int i = 0; i < 75; i++) w[i] += sigma * z[i] - eta * g[i];
	}
}

INLINE vd gather(const double *p, vl index) {
#if L == 8
	return (vd)_mm512_i64gather_pd((__m512i)index, p, 8);
#else
	return (vd)_mm256_i64gather_pd(p, (__m256i)index, 8);
#endif
}
INLINE void indices(block w, uint64_t n, vl index[4]) {
	index[0] = (vl)((w.a & 0xffffffff) * n >> 32), index[1] = (vl)((w.a >> 32) * n >> 32);
	index[2] = (vl)((w.b & 0xffffffff) * n >> 32), index[3] = (vl)((w.b >> 32) * n >> 32);
}

static void w2(vd *w, const double *data, long pack, long step, int n, double eta) {
	vd *w1 = w, *w2 = w + 25, *w3 = w + 50, x[20], y[20], h1[20], h2[20], e[20], d2[20], d1[20], g[75];
	for (int s = 0; s < n; s++) {
		vl row[4];
		indices(threefry(splatu(step + s), splatu(0), lanes(pack), 2), 64, row);
		for (int c = 0; c < 4; c++)
			for (int j = 0; j < 5; j++) x[j * 4 + c] = gather(data + j, row[c] * 10), y[j * 4 + c] = gather(data + 5 + j, row[c] * 10);
		mul(h1, w1, 5, 1, x, 4, 1, 5, 5, 4);
		mul(h2, w2, 5, 1, h1, 4, 1, 5, 5, 4);
		mul(e, w3, 5, 1, h2, 4, 1, 5, 5, 4);
		for (int i = 0; i < 20; i++) e[i] -= y[i];
		mul(d2, w3, 1, 5, e, 4, 1, 5, 5, 4);
		mul(d1, w2, 1, 5, d2, 4, 1, 5, 5, 4);
		mul(g, d1, 4, 1, x, 1, 4, 5, 4, 5);
		mul(g + 25, d2, 4, 1, h1, 1, 4, 5, 4, 5);
		mul(g + 50, e, 4, 1, h2, 1, 4, 5, 4, 5);
		for (int i = 0; i < 75; i++) w[i] -= eta * g[i];
	}
}

// W3 has one replica to a row: D numbers of u, then of v. L replicas go step by step.
#define D 104
INLINE double total(vd x) {
	double s = 0;
	for (int l = 0; l < L; l++) s += x[l];
	return s;
}
static void w3(double *state, const double *x, const double *y, long pack, long step, int n, double eta, double delta) {
	vl row[4];
	for (int s = 0; s < n; s++) {
		if ((step + s) % 4 == 0 || s == 0) indices(threefry(splatu((step + s) / 4), splatu(0), lanes(pack), 3), 40, row);
		block sign = threefry(splatu((step + s) / 128), splatu(0), lanes(pack), 4);
		for (int l = 0; l < L; l++) {
			double *u = state + l * 2 * D, *v = u + D;
			long i = row[(step + s) % 4][l];
			const double *xi = x + i * D;
			vd sum[2] = {{0}, {0}};
			for (int j = 0; j < D / L; j++) {
				vd a = *(vd *)(u + j * L), b = *(vd *)(v + j * L);
				sum[j & 1] += (a * a - b * b) * *(vd *)(xi + j * L);
			}
			int k = (step + s) % 128;
			double label = y[i] + ((k < 64 ? sign.a[l] : sign.b[l]) >> (k % 64) & 1 ? delta : -delta);
			vd t = splat(2 * eta * (total(sum[0] + sum[1]) - label));
			for (int j = 0; j < D / L; j++) {
				vd q = t * *(vd *)(xi + j * L);
				*(vd *)(u + j * L) -= q * *(vd *)(u + j * L), *(vd *)(v + j * L) += q * *(vd *)(v + j * L);
			}
		}
	}
}

static void w4(vd *x, vl *tau, long pack, long step, int n, double h, double sigma) {
	vd q = *x;
	vl t = *tau;
	for (int s = 0; s < n; s += 4) {
		vd z[4];
		normals(threefry(splatu((step + s) / 4), splatu(0), lanes(pack), 5), z);
		for (int j = 0; j < 4; j++) {
			q = q * ((1 + h) - h * (q * q)) + sigma * z[j];
			vl met = (vl)(q > 0) & (vl)(t == -1);
			t = (met & (vl)splatu(step + s + j)) | (~met & t);
		}
	}
	*x = q, *tau = t;
}

// ---- W5: row-major products of 64 × 64, and a Hessian–vector product ----
#define Q 4096
#if L == 8
#define VC 4
#else
#define VC 2
#endif
static void g64(const double *a, int ar, int ac, const double *b, double *dst, int add) {
	for (int j = 0; j < 64; j += VC * L)
		for (int i = 0; i < 64; i += 4) {
			vd acc[4][VC];
			for (int r = 0; r < 4; r++)
				for (int c = 0; c < VC; c++) acc[r][c] = add ? *(vd *)(dst + (i + r) * 64 + j + c * L) : (vd){0};
			for (int k = 0; k < 64; k++)
				for (int r = 0; r < 4; r++) {
					vd x = splat(a[(i + r) * ar + k * ac]);
					for (int c = 0; c < VC; c++) acc[r][c] += x * *(const vd *)(b + k * 64 + j + c * L);
				}
			for (int r = 0; r < 4; r++)
				for (int c = 0; c < VC; c++) *(vd *)(dst + (i + r) * 64 + j + c * L) = acc[r][c];
		}
}
static void nn(const double *a, const double *b, double *dst, int add) { g64(a, 64, 1, b, dst, add); }
static void tn(const double *a, const double *b, double *dst, int add) { g64(a, 1, 64, b, dst, add); }
static void flip(const double *a, double *t) {
	for (int i = 0; i < 64; i += 8)
		for (int j = 0; j < 64; j += 8)
			for (int k = 0; k < 8; k++)
				for (int l = 0; l < 8; l++) t[(j + l) * 64 + i + k] = a[(i + k) * 64 + j + l];
}

static double w5(double *w, double *v, const double *m, long step, int n, double eta, double *tmp) {
	double *p = tmp, *e = tmp + Q, *b = tmp + 2 * Q, *pt = tmp + 3 * Q, *w1t = tmp + 4 * Q, *g = tmp + 5 * Q;
	double *d2 = tmp + 8 * Q, *de = tmp + 9 * Q, *db = tmp + 10 * Q, *t = tmp + 11 * Q, top = 0;
	for (int s = 0; s < n; s++) {
		nn(w + Q, w, p, 0);
		nn(w + 2 * Q, p, e, 0);
		for (int i = 0; i < Q; i++) e[i] -= m[i];
		tn(w + 2 * Q, e, b, 0);
		flip(p, pt), flip(w, w1t);
		if ((step + s) % 10 == 0)
			for (int it = 0; it < 5; it++) {
				nn(v + Q, w, d2, 0), nn(w + Q, v, d2, 1);
				nn(v + 2 * Q, p, de, 0), nn(w + 2 * Q, d2, de, 1);
				tn(v + 2 * Q, e, db, 0), tn(w + 2 * Q, de, db, 1);
				tn(v + Q, b, g, 0), tn(w + Q, db, g, 1);
				nn(db, w1t, g + Q, 0), flip(v, t), nn(b, t, g + Q, 1);
				nn(de, pt, g + 2 * Q, 0), flip(d2, t), nn(e, t, g + 2 * Q, 1);
				double sum = 0;
				for (int i = 0; i < 3 * Q; i++) sum += g[i] * g[i];
				top = sqrt(sum);
				for (int i = 0; i < 3 * Q; i++) v[i] = g[i] / top;
			}
		tn(w + Q, b, g, 0);
		nn(b, w1t, g + Q, 0);
		nn(e, pt, g + 2 * Q, 0);
		for (int i = 0; i < 3 * Q; i++) w[i] -= eta * g[i];
	}
	return top;
}

// ---- the program ----
static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}
static int ascending(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}
static uint32_t seed;
static double uniform(void) { return (seed = 1664525u * seed + 1013904223u) / 4294967296.0; }

int main(int argc, char **argv) {
	const char *name = argc > 1 ? argv[1] : "W1", *noise = argc > 2 ? argv[2] : "f64m";
	int threads = argc > 3 ? atoi(argv[3]) : 1, id = name[1] - '0';
	if (id < 1 || id > 5) return fprintf(stderr, "baseline: got %s; want W1 … W5\n", name), 2;
	single = strcmp(noise, "f64") != 0;
	omp_set_num_threads(threads);
	int replicas = id == 3 ? 4096 : id == 4 ? 100000 : id == 5 ? 64 : 8192, n = id == 5 ? 10 : id == 4 ? 256 : id == 3 ? 200 : 100;
	int unit = id == 5 ? 1 : L, units = replicas / unit; // replicas that go together
	size_t size = id <= 2 ? 75 * L : id == 3 ? 2 * D * L : id == 4 ? 2 * L : 6 * Q;
	double *state = aligned_alloc(64, (size_t)units * size * 8), *data = aligned_alloc(64, 1 << 16), *y = data + 40 * D, *tmp[256], top = 0;
	memset(state, 0, (size_t)units * size * 8), memset(data, 0, 1 << 16);
	for (int t = 0; t < threads; t++) tmp[t] = aligned_alloc(64, 12 * Q * 8);
	double target[Q] = {0};
	if (id == 1 || id == 2)
		for (int i = 0; i < 5; i++) target[i * 6] = 1 - .2 * i;
	if (id == 2)
		for (int i = 0; i < 64; i++)
			for (int j = 0; j < 5; j++) data[i * 10 + j] = 1.4 * sin(1 + 7 * i + 13 * j), data[i * 10 + 5 + j] = target[j * 6] * data[i * 10 + j] + .1 * cos(3 * i + 5 * j);
	if (id == 3)
		for (int i = 0; i < 40; i++)
			for (int j = 0; j < 100; j++) data[i * D + j] = 1.4 * sin(1 + .37 * i * j + j), y[i] += j < 5 ? data[i * D + j] : 0;
	if (id == 5)
		for (int i = 0; i < 64; i++) target[i * 65] = 1.0 / (1 + i);
	for (int r = 0; r < replicas; r++) {
		double *s = state + (r / unit) * size;
		int l = r % unit;
		seed = r + 1;
		if (id <= 2)
			for (int i = 0; i < 75; i++) s[i * L + l] = .1 * (uniform() - .5) + (i % 25 % 6 == 0 ? .5 : 0);
		else if (id == 3)
			for (int j = 0; j < 100; j++) s[l * 2 * D + j] = s[l * 2 * D + D + j] = .3;
		else if (id == 4)
			s[l] = -1, ((int64_t *)s)[L + l] = -1;
		else {
			for (int i = 0; i < 3 * Q; i++) s[i] = .15 * (uniform() - .5) + (i % Q % 65 == 0 ? .3 : 0);
			for (int i = 0; i < 3 * Q; i++) s[3 * Q + i] = uniform() - .5;
		}
	}
	long step = 0, fixed = getenv("STEPS") ? atol(getenv("STEPS")) : 0;
	double rate[9] = {0};
	for (int k = -1; k < 9; k++) {
		double began = now();
		long done = 0;
		do {
#pragma omp parallel for schedule(dynamic, 4)
			for (int r = 0; r < units; r++) {
				double *s = state + r * size;
				if (id == 1) w1((vd *)s, target, r, step, n, .05, .003);
				if (id == 2) w2((vd *)s, data, r, step, n, .0125);
				if (id == 3) w3(s, data, y, r, step, n, .001, .5);
				if (id == 4) w4((vd *)s, (vl *)s + 1, r, step, n, .01, .0316228);
				if (id == 5) {
					double x = w5(s, s + 3 * Q, target, step, n, .05, tmp[omp_get_thread_num()]);
					if (r == 0) top = x;
				}
			}
			step += n, done += n;
		} while (fixed ? step < fixed : now() - began < (k < 0 ? .1 : .2));
		if (fixed) break;
		if (k >= 0) rate[k] = (double)replicas * done / (now() - began);
	}
	double mean = 0, square = 0;
	for (int r = 0; r < replicas; r++) {
		double *s = state + (r / unit) * size, x = 0;
		int l = r % unit;
		if (id <= 2)
			for (int i = 0; i < 75; i++) x += s[i * L + l] * s[i * L + l];
		if (id == 3)
			for (int j = 0; j < 100; j++) x += fabs(pow(s[l * 2 * D + j], 2) - pow(s[l * 2 * D + D + j], 2));
		if (id == 4) x = ((int64_t *)s)[L + l] >= 0;
		double d = x - mean;
		mean += d / (r + 1), square += d * (x - mean);
	}
	qsort(rate, 9, 8, ascending);
	fprintf(stderr, "# check %.6g %.2g after %ld steps; max %.4g\n", id == 5 ? top : mean, id == 5 ? 0 : sqrt(square / (replicas - 1) / replicas), step, rate[8]);
	printf("%s c-%s %d %.4g\n", name, noise, threads, rate[4]);
}
