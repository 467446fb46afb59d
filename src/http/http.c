#include "http/http.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "http/curl_load.h"

#define BODY_CAP_BYTES ((size_t)16 << 20)
#define POLL_MS 1000

enum exchange_state { EXCHANGE_WAITING, EXCHANGE_ACTIVE, EXCHANGE_DONE };

struct exchange {
	struct exchange *next; /* in the order of http_add */
	struct http *http;
	enum exchange_state state;
	char *url;
	struct curl_slist *headers;
	struct str body;
	const struct http_sink *sink;
	bool (*worth_retrying)(long status, struct str body);
	CURL *handle;
	struct http_result result;
	uint64_t not_before_ns; /* when it is WAITING */
	uint64_t added_ns, attempt_ns;
	char why[CURL_ERROR_SIZE];
};

struct http {
	const struct curl_api *curl;
	struct http_options options;
	CURLM *multi;
	struct exchange *first, **last;
	unsigned active;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t to_ns(double seconds)
{
	return seconds <= 0 ? 0 : (uint64_t)(seconds * 1e9);
}

/* 0 to 1; a bad one spoils nothing. */
static double random_ratio(void)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) < 0)
		value = (uint32_t)now_ns();
	return (double)value / (double)UINT32_MAX;
}

static pthread_t preloader;
static bool is_preloading;

static void *preload(void *)
{
	const struct curl_api *curl;

	/* http_open tells what is wrong. */
	error_free(curl_load(&curl));
	return NULL;
}

void http_preload(void)
{
	if (!is_preloading)
		is_preloading = pthread_create(&preloader, NULL, preload, NULL) == 0;
}

void http_preload_end(void)
{
	if (is_preloading)
		pthread_join(preloader, NULL);
	is_preloading = false;
}

struct error *http_open(const struct http_options *options, struct http **ret)
{
	const struct curl_api *curl;
	struct http *http;
	CURLcode code;

	http_preload_end();
	TRY(curl_load(&curl));
	/* Without TLS the library's is not set up, which takes longer than a request. */
	code = curl->curl_global_init(options->tls ? CURL_GLOBAL_ALL : CURL_GLOBAL_NOTHING);
	if (code != CURLE_OK)
		return error_new(ERROR_FAILED, "libcurl: %s", curl->curl_easy_strerror(code));
	http = x_calloc(1, sizeof(*http));
	http->curl = curl;
	http->options = *options;
	http->last = &http->first;
	if (!http->options.concurrent)
		http->options.concurrent = 4;
	if (!http->options.attempts)
		http->options.attempts = 4;
	if (http->options.connect_s <= 0)
		http->options.connect_s = 15;
	if (http->options.idle_s <= 0)
		http->options.idle_s = 120;
	if (http->options.backoff_s <= 0)
		http->options.backoff_s = 0.5;
	if (http->options.longest_wait_s <= 0)
		http->options.longest_wait_s = 60;
	http->multi = curl->curl_multi_init();
	if (!http->multi) {
		http_close(http);
		return error_new(ERROR_FAILED, "libcurl gave no multi handle");
	}
	*ret = http;
	return NULL;
}

static void exchange_free(struct exchange *exchange)
{
	const struct curl_api *curl = exchange->http->curl;

	if (exchange->handle) {
		curl->curl_multi_remove_handle(exchange->http->multi, exchange->handle);
		curl->curl_easy_cleanup(exchange->handle);
	}
	curl->curl_slist_free_all(exchange->headers);
	strbuf_done(&exchange->result.body);
	error_free(exchange->result.error);
	free(exchange->result.content_type);
	free(exchange->url);
	free(exchange);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	while (http->first) {
		struct exchange *exchange = http->first;

		http->first = exchange->next;
		exchange_free(exchange);
	}
	if (http->multi)
		http->curl->curl_multi_cleanup(http->multi);
	http->curl->curl_global_cleanup();
	free(http);
}

void cleanup_http(struct http **http)
{
	http_close(*http);
}

const struct http_result *http_add(struct http *http, const struct http_request *request)
{
	struct exchange *exchange = x_calloc(1, sizeof(*exchange));

	exchange->http = http;
	exchange->url = x_strdup(request->url);
	exchange->body = request->body;
	exchange->sink = request->sink;
	exchange->worth_retrying = request->worth_retrying;
	exchange->result.body.cap = BODY_CAP_BYTES;
	exchange->added_ns = now_ns();
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		exchange->headers =
			http->curl->curl_slist_append(exchange->headers, request->headers[i]);
	/* libcurl would wait a second for a "100 Continue" that few servers send. */
	exchange->headers = http->curl->curl_slist_append(exchange->headers, "Expect:");
	/* Asked for, compression would hold back what is streamed; unasked it is undone. */
	exchange->headers = http->curl->curl_slist_append(exchange->headers, "Accept-Encoding:");
	*http->last = exchange;
	http->last = &exchange->next;
	return &exchange->result;
}

static bool is_success(long status)
{
	return status >= 200 && status < 300;
}

static size_t take_bytes(char *bytes, size_t, size_t count, void *user)
{
	struct exchange *exchange = user;
	struct http_result *result = &exchange->result;

	if (!result->first_byte_ns)
		result->first_byte_ns = now_ns() - exchange->attempt_ns;
	if (!result->status)
		exchange->http->curl->curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE,
							&result->status);
	if (!exchange->sink || !is_success(result->status)) {
		strbuf_add(&result->body, (struct str){ bytes, count });
		return count;
	}
	if (exchange->sink->data(exchange->sink->user, (struct str){ bytes, count }))
		return count;
	result->stopped = true;
	return count ? 0 : CURL_WRITEFUNC_ERROR;
}

/* What is left of the exchange's time; 0 = unlimited. */
static bool time_left(const struct exchange *exchange, uint64_t *ret_ns)
{
	uint64_t total_ns = to_ns(exchange->http->options.total_s);
	uint64_t spent_ns = now_ns() - exchange->added_ns;

	*ret_ns = 0;
	if (!total_ns)
		return true;
	/* An attempt that short can bring nothing, and libcurl counts in milliseconds. */
	if (spent_ns + 20000000 >= total_ns)
		return false;
	*ret_ns = total_ns - spent_ns;
	return true;
}

static void set_up(struct exchange *exchange, uint64_t left_ns)
{
	const struct http_options *options = &exchange->http->options;
	const struct curl_api *curl = exchange->http->curl;
	CURL *handle = exchange->handle;
	const char *authorities = getenv("SSL_CERT_FILE");

	curl->curl_easy_setopt(handle, CURLOPT_URL, exchange->url);
	curl->curl_easy_setopt(handle, CURLOPT_HTTPHEADER, exchange->headers);
	curl->curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl->curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 1L);
	curl->curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
	curl->curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
	curl->curl_easy_setopt(handle, CURLOPT_PRIVATE, exchange);
	curl->curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, exchange->why);
	curl->curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
	curl->curl_easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
	curl->curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)(options->connect_s * 1e3));
	curl->curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl->curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, MAX((long)options->idle_s, 1L));
	if (left_ns)
		curl->curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)(left_ns / 1000000) + 1);
	if (authorities && *authorities)
		curl->curl_easy_setopt(handle, CURLOPT_CAINFO, authorities);
	if (exchange->body.ptr) {
		curl->curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)exchange->body.len);
		curl->curl_easy_setopt(handle, CURLOPT_POSTFIELDS, exchange->body.ptr);
	}
}

static void finish(struct exchange *exchange, struct error *error)
{
	exchange->state = EXCHANGE_DONE;
	error_free(exchange->result.error);
	exchange->result.error = error;
}

static struct error *out_of_time(const struct exchange *exchange)
{
	return error_with_hint(error_new(ERROR_FAILED, "no whole answer within %g s",
					 exchange->http->options.total_s),
			       "give it more time, or ask for less");
}

static void start(struct exchange *exchange)
{
	struct http *http = exchange->http;
	uint64_t left_ns;

	if (!time_left(exchange, &left_ns)) {
		finish(exchange, out_of_time(exchange));
		return;
	}
	exchange->handle = http->curl->curl_easy_init();
	if (!exchange->handle) {
		finish(exchange, error_new(ERROR_FAILED, "libcurl gave no handle"));
		return;
	}
	exchange->attempt_ns = now_ns();
	exchange->why[0] = '\0';
	exchange->result.attempts++;
	exchange->result.status = 0;
	exchange->result.first_byte_ns = 0;
	strbuf_reset(&exchange->result.body);
	set_up(exchange, left_ns);
	http->curl->curl_multi_add_handle(http->multi, exchange->handle);
	exchange->state = EXCHANGE_ACTIVE;
	http->active++;
}

/* "https://host:1/path": what follows a '?' or stands before an '@' may be secret. */
static char *url_for_message(const char *url)
{
	struct str scheme, rest = str_from(url);
	ptrdiff_t at = str_find(rest, STR("://"));
	const char *end, *user;

	if (at < 0)
		return x_strdup("?");
	scheme = (struct str){ url, (size_t)at + 3 };
	rest.ptr += scheme.len;
	end = rest.ptr + strcspn(rest.ptr, "/?#");
	user = memrchr(rest.ptr, '@', (size_t)(end - rest.ptr));
	if (user)
		rest.ptr = user + 1;
	return x_asprintf("%.*s%.*s", STR_ARG(scheme), (int)strcspn(rest.ptr, "?#"), rest.ptr);
}

static struct error *transport_error(const struct exchange *exchange, CURLcode code)
{
	const struct http_options *options = &exchange->http->options;
	auto_free char *url = url_for_message(exchange->url);
	const char *why =
		exchange->why[0] ? exchange->why : exchange->http->curl->curl_easy_strerror(code);
	struct error *error;
	uint64_t left_ns;

	if (code == CURLE_OPERATION_TIMEDOUT && !time_left(exchange, &left_ns))
		return out_of_time(exchange);
	error = error_new(ERROR_FAILED, "%s: %s", url, why);
	switch ((int)code) {
	case CURLE_COULDNT_CONNECT:
		return error_with_hint(error, "does a server listen there?");
	case CURLE_COULDNT_RESOLVE_HOST:
		return error_with_hint(error, "is the name right, and is there a network? "
					      "(--offline answers without one)");
	case CURLE_COULDNT_RESOLVE_PROXY:
		return error_with_hint(error, "the proxy comes from http_proxy, https_proxy or "
					      "ALL_PROXY of the environment");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return error_with_hint(error, "SSL_CERT_FILE names the file of an authority of "
					      "your own");
	case CURLE_OPERATION_TIMEDOUT:
		return error_with_hint(error, "nothing came for %g s", options->idle_s);
	default:
		return error;
	}
}

/* What another attempt may mend. A wrong name or certificate stays wrong. */
static bool may_pass(CURLcode code)
{
	switch ((int)code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

static bool may_retry_status(const struct exchange *exchange)
{
	long status = exchange->result.status;

	if (status != 408 && status != 409 && status != 429 && status < 500)
		return false;
	return !exchange->worth_retrying ||
	       exchange->worth_retrying(status, strbuf_str(&exchange->result.body));
}

/* False where it is too long to wait for, or the exchange's time would be over. */
static bool delay_before_retry(const struct exchange *exchange, double *ret_s)
{
	const struct http_options *options = &exchange->http->options;
	double asked = exchange->result.retry_after_s;
	double delay = options->backoff_s;
	uint64_t left_ns;

	for (unsigned i = 1; i < exchange->result.attempts && delay < 20; i++)
		delay *= 2;
	delay = MIN(delay, 20.0);
	/* Many clients that were refused together must not come back together. */
	if (asked > 0)
		delay = asked + MIN(delay, asked) * 0.25 * random_ratio();
	else
		delay *= 0.5 + 0.5 * random_ratio();
	if (asked > options->longest_wait_s || !time_left(exchange, &left_ns))
		return false;
	if (left_ns && to_ns(delay) >= left_ns)
		return false;
	*ret_s = delay;
	return true;
}

static bool retry(struct exchange *exchange)
{
	double delay_s;

	if (exchange->result.attempts >= exchange->http->options.attempts)
		return false;
	if (!delay_before_retry(exchange, &delay_s))
		return false;
	if (exchange->sink && exchange->sink->restart &&
	    !exchange->sink->restart(exchange->sink->user))
		return false;
	log_debug("http", "status %ld, attempt %u; again in %.2f s", exchange->result.status,
		  exchange->result.attempts, delay_s);
	exchange->not_before_ns = now_ns() + to_ns(delay_s);
	exchange->result.waited_ns += to_ns(delay_s);
	exchange->state = EXCHANGE_WAITING;
	return true;
}

static void ended(struct exchange *exchange, CURLcode code)
{
	struct http *http = exchange->http;
	const struct curl_api *curl = http->curl;
	struct http_result *result = &exchange->result;
	const char *content_type = NULL;
	curl_off_t retry_after_s = 0;

	curl->curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &result->status);
	curl->curl_easy_getinfo(exchange->handle, CURLINFO_RETRY_AFTER, &retry_after_s);
	curl->curl_easy_getinfo(exchange->handle, CURLINFO_CONTENT_TYPE, &content_type);
	free(result->content_type);
	result->content_type = content_type ? x_strdup(content_type) : NULL;
	result->retry_after_s = (double)retry_after_s;
	result->total_ns = now_ns() - exchange->attempt_ns;
	curl->curl_multi_remove_handle(http->multi, exchange->handle);
	curl->curl_easy_cleanup(exchange->handle);
	exchange->handle = NULL;
	http->active--;
	log_debug("http", "status %ld after %" PRIu64 " us, curl %d", result->status,
		  result->total_ns / 1000, (int)code);

	if (result->stopped)
		code = CURLE_OK;
	if (code == CURLE_OK && is_success(result->status)) {
		finish(exchange, NULL);
		return;
	}
	if (code == CURLE_OK ? may_retry_status(exchange) : may_pass(code)) {
		if (retry(exchange))
			return;
	}
	finish(exchange, code == CURLE_OK ? NULL : transport_error(exchange, code));
}

/* Starts what may start; says when to look again, and whether anything is left. */
static bool start_ready(struct http *http, int *ret_wait_ms)
{
	uint64_t now = now_ns(), soonest = UINT64_MAX;
	bool left = false;

	for (struct exchange *e = http->first; e; e = e->next) {
		if (e->state == EXCHANGE_WAITING && http->active < http->options.concurrent) {
			if (e->not_before_ns <= now)
				start(e);
			else
				soonest = MIN(soonest, e->not_before_ns - now);
		}
		left = left || e->state != EXCHANGE_DONE;
	}
	*ret_wait_ms = (int)MIN(soonest / 1000000 + 1, (uint64_t)POLL_MS);
	return left;
}

static void collect(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = http->curl->curl_multi_info_read(http->multi, &left))) {
		CURLcode code = message->data.result;
		CURL *handle = message->easy_handle;

		for (struct exchange *e = http->first; e; e = e->next) {
			if (e->handle == handle) {
				ended(e, code);
				break;
			}
		}
	}
}

static struct error *interrupted(void)
{
	return error_new(ERROR_INTERRUPTED, "stopped before the whole answer came");
}

static void abandon(struct http *http)
{
	for (struct exchange *e = http->first; e; e = e->next) {
		if (e->state == EXCHANGE_DONE)
			continue;
		if (e->handle) {
			http->curl->curl_multi_remove_handle(http->multi, e->handle);
			http->curl->curl_easy_cleanup(e->handle);
			e->handle = NULL;
			http->active--;
		}
		finish(e, interrupted());
	}
}

static struct error *run_until(struct http *http, int signal_fd)
{
	struct curl_waitfd extra = { .fd = signal_fd, .events = CURL_WAIT_POLLIN };
	int wait_ms, running;

	while (start_ready(http, &wait_ms)) {
		struct signalfd_siginfo info;
		CURLMcode code = http->curl->curl_multi_perform(http->multi, &running);

		if (code != CURLM_OK)
			return error_new(ERROR_FAILED, "libcurl: %s",
					 http->curl->curl_multi_strerror(code));
		collect(http);
		if (!start_ready(http, &wait_ms))
			break;
		extra.revents = 0;
		http->curl->curl_multi_poll(http->multi, &extra, 1, wait_ms, NULL);
		if (read(signal_fd, &info, sizeof(info)) == sizeof(info))
			return interrupted();
	}
	return NULL;
}

struct error *http_run(struct http *http)
{
	/* Some TLS libraries write to a socket that the server closed. */
	struct sigaction ignore = { .sa_handler = SIG_IGN }, pipe_before;
	struct error *error;
	sigset_t signals, before;
	int signal_fd;

	sigaction(SIGPIPE, &ignore, &pipe_before);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	/* libcurl's progress function is called about once a second: too slow for Ctrl-C. */
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signal_fd < 0)
		error = error_errno(errno, "signalfd");
	else
		error = run_until(http, signal_fd);
	if (error)
		abandon(http);
	if (signal_fd >= 0)
		close(signal_fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGPIPE, &pipe_before, NULL);
	return error;
}
