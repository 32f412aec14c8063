/* The server under load: so many requests a second for so long, over loopback, on made-up samples. Latency
 * counts from the moment at which a request was due, so that a server that stalls is charged for all who
 * wait.
 *
 *     bench_serve [SECONDS [REQUESTS_PER_SECOND]]    30 and 1000
 *     bench_serve page [PORT]                        serves a made-up machine, to look at, until Ctrl-C */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/samples.h"
#include "watch/serve.h"

enum { CLIENTS = 8, REPLY_BYTES = 1 << 20, NS_PER_S = 1000000000, FILL_S = 45 };

/* ---- the server, a process of its own ---- */

typedef struct Machine {
    MadeUp made_up;
    int step, to_parent; /* a pipe for the port; -1: say the URL */
} Machine;

static BrimStatus sample(void *self, const BrimMonitorSample **sample)
{
    Machine *machine = self;
    made_up_machine(&machine->made_up, machine->step++);
    *sample = &machine->made_up.sample;
    return BRIM_OK;
}

static void started(void *self, const char *url)
{
    Machine *machine = self;
    if (machine->to_parent < 0)
        printf("%s\n", url);
    else if (dprintf(machine->to_parent, "%s", url) < 0)
        _exit(1);
    fflush(stdout);
}

static int serve(const char *address, double interval_s, int to_parent)
{
    static Machine machine;
    machine.to_parent = to_parent;
    BrimServeOptions options = {.address = address,
                                .interval_s = interval_s,
                                .sample = sample,
                                .render = made_up_json,
                                .started = started,
                                .self = &machine};
    if (brim_serve_run(&options) == BRIM_OK)
        return 0;
    fprintf(stderr, "%s\n", brim_last_error());
    return 1;
}

/* ---- the clients ---- */

typedef struct Client {
    pthread_t thread;
    int index, port, count; /* requests */
    int64_t begin_ns, between_ns;
    int64_t *latency_ns; /* of each */
    int failed;
    uint64_t bytes;
} Client;

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 5};
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(server, (struct sockaddr *)&address, sizeof address) == 0)
        return server;
    close(server);
    return -1;
}

/* One request and its whole answer; the bytes of it, 0 where it is not a good one. */
static size_t ask(int server, const char *path, char *reply)
{
    char request[256];
    size_t heard = 0, whole = 0;
    int count = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    if (send(server, request, (size_t)count, MSG_NOSIGNAL) != count)
        return 0;
    while (whole == 0 || heard < whole) {
        ssize_t got = recv(server, reply + heard, REPLY_BYTES - 1 - heard, 0);
        if (got <= 0)
            return 0;
        heard += (size_t)got;
        reply[heard] = '\0';
        const char *end = strstr(reply, "\r\n\r\n"), *length = strstr(reply, "Content-Length: ");
        if (whole == 0 && end && length)
            whole = (size_t)(end + 4 - reply) + strtoul(length + strlen("Content-Length: "), NULL, 10);
    }
    return heard == whole && strncmp(reply, "HTTP/1.1 200 ", 13) == 0 ? whole : 0;
}

static void sleep_until(int64_t then_ns)
{
    int64_t left_ns = then_ns - brim_clock_ns();
    if (left_ns > 0)
        nanosleep(&(struct timespec){left_ns / NS_PER_S, left_ns % NS_PER_S}, NULL);
}

/* The last of the clients connects anew for each request, as curl does; the others stay. */
static void *run_client(void *self)
{
    static const char *const paths[] = {"/metrics", "/metrics", "/api/samples?count=10", "/metrics",
                                        "/",        "/metrics", "/api/samples?count=1",  "/healthz"};
    Client *client = self;
    char *reply = malloc(REPLY_BYTES);
    int server = -1;
    for (int i = 0; i < client->count; i++) {
        int64_t due_ns = client->begin_ns + i * client->between_ns;
        sleep_until(due_ns);
        if (server < 0)
            server = connect_to(client->port);
        size_t bytes = ask(server, paths[i % 8], reply);
        client->latency_ns[i] = brim_clock_ns() - due_ns;
        client->failed += bytes == 0;
        client->bytes += bytes;
        if (bytes == 0 || client->index == CLIENTS - 1) {
            close(server);
            server = -1;
        }
    }
    close(server);
    free(reply);
    return NULL;
}

/* ---- the figures ---- */

static double resident_mib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "VmRSS: %ld", &kib);
    if (file)
        fclose(file);
    return (double)kib / 1024;
}

static double cpu_s(pid_t pid)
{
    char path[64];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file &&
        fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        user = kernel = 0;
    if (file)
        fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* All clients through; their latencies in order. Requests that failed. */
static int load(int port, int seconds, int rate, int64_t *latency_ns, uint64_t *bytes)
{
    Client clients[CLIENTS] = {{.index = 0}};
    int each = seconds * rate / CLIENTS, failed = 0;
    int64_t begin_ns = brim_clock_ns() + NS_PER_S / 10, between_ns = (int64_t)NS_PER_S * CLIENTS / rate;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (Client){.index = i,
                              .port = port,
                              .count = each,
                              .begin_ns = begin_ns + i * between_ns / CLIENTS,
                              .between_ns = between_ns,
                              .latency_ns = latency_ns + (ptrdiff_t)i * each};
        pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        failed += clients[i].failed;
        *bytes += clients[i].bytes;
    }
    qsort(latency_ns, (size_t)(each * CLIENTS), sizeof *latency_ns, by_size);
    return failed;
}

static int measure(pid_t server, int port, int seconds, int rate)
{
    int count = seconds * rate / CLIENTS * CLIENTS;
    int64_t *latency_ns = calloc((size_t)count, sizeof *latency_ns);
    uint64_t bytes = 0;
    load(port, 1, rate, latency_ns, &bytes); /* connections, buffers and caches as they stay */
    double idle_s = cpu_s(server);
    sleep_until(brim_clock_ns() + (int64_t)FILL_S * NS_PER_S);
    double before_s = cpu_s(server), before_mib = resident_mib(server);
    idle_s = (before_s - idle_s) / FILL_S;
    bytes = 0;
    int64_t begin_ns = brim_clock_ns();
    int failed = load(port, seconds, rate, latency_ns, &bytes);
    double took_s = (double)(brim_clock_ns() - begin_ns) / NS_PER_S,
           busy_s = (cpu_s(server) - before_s) / took_s;
    printf("requests            %d, %d failed\n", count, failed);
    printf("rate                %.0f requests/s, %.1f MiB/s\n", count / took_s,
           (double)bytes / took_s / (1 << 20));
    printf("latency             p50 %.2f ms, p99 %.2f ms, most %.2f ms\n",
           (double)latency_ns[count / 2] * 1e-6, (double)latency_ns[count * 99LL / 100] * 1e-6,
           (double)latency_ns[count - 1] * 1e-6);
    printf("server's processor  %.1f%% of a core, %.1f%% without requests: %.0f us a request\n", 100 * busy_s,
           100 * idle_s, 1e6 * (busy_s - idle_s) * took_s / count);
    printf("server's VmRSS      %.2f MiB before, %.2f MiB after\n", before_mib, resident_mib(server));
    free(latency_ns);
    return failed != 0;
}

int main(int count, char **words)
{
    int seconds = count > 1 ? atoi(words[1]) : 30, rate = count > 2 ? atoi(words[2]) : 1000, port = 0,
        ends[2];
    char url[128] = "";
    if (count > 1 && strcmp(words[1], "page") == 0)
        return serve(count > 2 ? words[2] : NULL, 1, -1);
    if (seconds < 1 || rate < CLIENTS || pipe(ends) != 0) {
        fprintf(stderr, "bench_serve [SECONDS [REQUESTS_PER_SECOND]], or bench_serve page [PORT]\n");
        return 2;
    }
    pid_t server = fork();
    if (server == 0)
        return serve("0", 0.01, ends[1]);
    close(ends[1]);
    if (read(ends[0], url, sizeof url - 1) <= 0 || sscanf(url, "http://127.0.0.1:%d/", &port) != 1)
        return 1;
    int status = measure(server, port, seconds, rate);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    return status;
}
