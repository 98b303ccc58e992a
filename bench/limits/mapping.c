/*
 * The limits of the mapping benchmark: what the system calls that Holdfast makes cost in a plain C program.
 *
 * Compiled with `cc` by the benchmark when it runs. Arguments: what to measure, a folder on the disk, a folder in memory, and the
 * time to take in milliseconds. Prints one line of JSON: `value` (median of the batches, or of single waits) in nanoseconds, and for
 * waits `p50` and `p99` in microseconds. Exit code 1 and a line on stderr if the system refuses a call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Missing in macOS's public headers; the value is that of its kernel. */
#ifndef F_OFD_SETLK
#define F_OFD_SETLK 90
#endif

/* macOS has no promise for fdatasync, nor a declaration. */
#ifdef F_FULLFSYNC
#define FLUSH_FILE(file) fcntl(file, F_FULLFSYNC)
#else
#define FLUSH_FILE(file) fdatasync(file)
#endif

enum { PAGE = 4096, VIEW = 65536, MOST_SAMPLES = 1 << 20, ROUNDS_OF_BATCH = 200 };

static double samples[MOST_SAMPLES];
static int sample_count;

static void fail(const char *call) {
  fprintf(stderr, "%s: %s\n", call, strerror(errno));
  exit(1);
}

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double percentile(double fraction) { return samples[(int)((sample_count - 1) * fraction)]; }

static void note(double value) {
  if (sample_count < MOST_SAMPLES) samples[sample_count++] = value;
}

static void print_samples(int waits) {
  qsort(samples, (size_t)sample_count, sizeof samples[0], ascending);
  printf("{\"value\":%.1f", percentile(0.5));
  if (waits) printf(",\"p50\":%.3f,\"p99\":%.3f", percentile(0.5) / 1e3, percentile(0.99) / 1e3);
  printf("}\n");
}

static int open_file(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s-%d", folder, name, (int)getpid());
  const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail("open");
  unlink(path);
  return file;
}

static uint8_t *map(int file, size_t length) {
  void *address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (address == MAP_FAILED) fail("mmap");
  return address;
}

static int set_lock(int file, short type, off_t offset) {
  struct flock lock = {0};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return fcntl(file, F_OFD_SETLK, &lock);
}

/* Runs batches of a pair of calls until the time is up. */
#define MEASURE(time_ms, times, ...)                                                    \
  for (double end = now_ns() + (time_ms) * 1e6; sample_count < 3 || now_ns() < end;) { \
    const double start = now_ns();                                                      \
    for (int round = 0; round < (times); round++) { __VA_ARGS__ }                       \
    note((now_ns() - start) / (times));                                                 \
  }

static void measure_map(const char *folder, double time_ms) {
  const int file = open_file(folder, "map");
  if (ftruncate(file, VIEW) != 0) fail("ftruncate");
  MEASURE(time_ms, ROUNDS_OF_BATCH, { if (munmap(map(file, VIEW), VIEW) != 0) fail("munmap"); })
  print_samples(0);
}

static void measure_flush(const char *folder, double time_ms, size_t pages, int through_view) {
  const int file = open_file(folder, "flush");
  const size_t length = pages * PAGE;
  uint8_t *source = malloc(length);
  memset(source, 1, length);
  if (pwrite(file, source, length, 0) != (ssize_t)length || FLUSH_FILE(file) != 0) fail("pwrite");
  uint8_t *view = map(file, length);
  MEASURE(time_ms, 1, {
    source[0]++;
    if (through_view) {
      memcpy(view, source, length);
      if (msync(view, length, MS_ASYNC) != 0) fail("msync");
    } else if (pwrite(file, source, length, 0) != (ssize_t)length) {
      fail("pwrite");
    }
    if (FLUSH_FILE(file) != 0) fail("fdatasync");
  })
  print_samples(1);
}

/* Acquire and release: a lock byte, beside the shared one that keeps a name alive, and a change of a shared word for each. */
static void measure_lock(const char *memory, double time_ms) {
  const int file = open_file(memory, "lock");
  if (ftruncate(file, PAGE) != 0) fail("ftruncate");
  _Atomic uint32_t *word = (_Atomic uint32_t *)(void *)map(file, PAGE);
  if (set_lock(file, F_RDLCK, 0) != 0) fail("fcntl");
  MEASURE(time_ms, ROUNDS_OF_BATCH, {
    if (set_lock(file, F_WRLCK, 100) != 0) fail("fcntl");
    atomic_fetch_add(word, 1);
    atomic_fetch_add(word, 1);
    if (set_lock(file, F_UNLCK, 100) != 0) fail("fcntl");
  })
  print_samples(0);
}

/* Set and reset: no system call. */
static void measure_event(const char *memory, double time_ms) {
  const int file = open_file(memory, "event");
  if (ftruncate(file, PAGE) != 0) fail("ftruncate");
  _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)map(file, PAGE);
  MEASURE(time_ms, ROUNDS_OF_BATCH * 10, {
    atomic_exchange(word, 1);
    atomic_store(word, 0);
  })
  print_samples(0);
}

/* A FIFO open at both ends, so that no end of it ever reads an end of file. */
static int make_bell(const char *memory, int number) {
  char path[4096];
  snprintf(path, sizeof path, "%s/bell-%d-%d", memory, (int)getpid(), number);
  if (mkfifo(path, 0600) != 0) fail("mkfifo");
  const int bell = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (bell < 0) fail("open");
  unlink(path);
  return bell;
}

static void ring(int bell) {
  if (write(bell, "x", 1) != 1) fail("write");
}

static void await_bell(int bell) {
  struct pollfd wanted = {bell, POLLIN, 0};
  char bytes[64];
  while (poll(&wanted, 1, -1) != 1) continue;
  if (read(bell, bytes, sizeof bytes) < 1) fail("read");
}

/* Two processes, each asleep while the other works: one round trip is two wakes. */
static void measure_wake_up(const char *memory, double time_ms) {
  const int there = make_bell(memory, 0), back = make_bell(memory, 1);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    for (;;) {
      await_bell(there);
      ring(back);
    }
  }
  const double begin = now_ns();
  while (now_ns() < begin + time_ms * 1e6) {
    const double start = now_ns();
    ring(there);
    await_bell(back);
    note(now_ns() - start);
  }
  kill(child, 9);
  waitpid(child, NULL, 0);
  print_samples(1);
}

typedef struct {
  _Atomic int waiting;
  _Atomic int stop;
  _Atomic uint64_t released_ns;
} Shared;

static void spin_us(double us) {
  for (const double end = now_ns() + us * 1e3; now_ns() < end;) continue;
}

/* Has the lock: lets the other fall asleep, then hands it over. */
static void hand_over(int lock, Shared *shared, int bell) {
  while (!atomic_load(&shared->waiting)) continue;
  atomic_store(&shared->waiting, 0);
  spin_us(200);
  atomic_store(&shared->released_ns, (uint64_t)now_ns());
  set_lock(lock, F_UNLCK, 100);
  ring(bell);
}

static void take_over(int lock, Shared *shared, int bell) {
  atomic_store(&shared->waiting, 1);
  do {
    await_bell(bell);
  } while (set_lock(lock, F_WRLCK, 100) != 0);
}

/* From before the unlock in one process until the other, which slept, has the lock. */
static void measure_hand_over(const char *memory, double time_ms) {
  char path[4096];
  snprintf(path, sizeof path, "%s/hand-over-%d", memory, (int)getpid());
  int lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (lock < 0 || ftruncate(lock, PAGE) != 0) fail("open");
  Shared *shared = (Shared *)(void *)map(lock, PAGE);
  const int there = make_bell(memory, 0), back = make_bell(memory, 1);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  /* A description of its own, or the two would share the lock. */
  if (child == 0 && (lock = open(path, O_RDWR | O_CLOEXEC)) < 0) fail("open");
  if (child == 0) {
    for (;;) {
      take_over(lock, shared, there);
      hand_over(lock, shared, back);
    }
  }
  if (set_lock(lock, F_WRLCK, 100) != 0) fail("fcntl");
  for (const double end = now_ns() + time_ms * 1e6; now_ns() < end;) {
    hand_over(lock, shared, there);
    take_over(lock, shared, back);
    note(now_ns() - (double)atomic_load(&shared->released_ns));
  }
  kill(child, 9);
  waitpid(child, NULL, 0);
  unlink(path);
  print_samples(1);
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  const char *what = arguments[1], *disk = arguments[2], *memory = arguments[3];
  const double time_ms = atof(arguments[4]);
  const size_t pages = (size_t)atol(arguments[5]);
  if (strcmp(what, "map") == 0) measure_map(disk, time_ms);
  else if (strcmp(what, "flush-view") == 0) measure_flush(disk, time_ms, pages, 1);
  else if (strcmp(what, "flush-write") == 0) measure_flush(disk, time_ms, pages, 0);
  else if (strcmp(what, "lock") == 0) measure_lock(memory, time_ms);
  else if (strcmp(what, "event") == 0) measure_event(memory, time_ms);
  else if (strcmp(what, "wake-up") == 0) measure_wake_up(memory, time_ms);
  else if (strcmp(what, "hand-over") == 0) measure_hand_over(memory, time_ms);
  else return 2;
  return 0;
}
