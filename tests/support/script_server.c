#include "script_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define REQUESTS_MAX 64

struct script_server {
	const struct script_reply *replies;
	size_t count;
	int listener;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	char *requests[REQUESTS_MAX];
	unsigned taken, open, parallel;
	pthread_t workers[REQUESTS_MAX];
};

struct connection {
	struct script_server *server;
	unsigned number;
	int fd;
};

static char *read_request(int fd)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t wanted = SIZE_MAX;
	char bytes[4096];

	while (text.len < wanted) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		const char *end, *length;

		if (got <= 0)
			break;
		strbuf_add(&text, (struct str){ bytes, (size_t)got });
		end = strstr(strbuf_text(&text), "\r\n\r\n");
		if (!end)
			continue;
		length = strcasestr(strbuf_text(&text), "content-length:");
		wanted = (size_t)(end + 4 - text.ptr);
		if (length && length < end)
			wanted += strtoul(length + 15, NULL, 10);
	}
	return strbuf_take(&text);
}

static void *serve(void *user)
{
	struct connection *connection = user;
	struct script_server *server = connection->server;
	size_t last = server->count - 1;
	const struct script_reply *reply = &server->replies[MIN(connection->number, last)];
	char *request = read_request(connection->fd);
	struct str left = reply->length ? (struct str){ reply->bytes, reply->length }
					: str_from(reply->bytes);

	pthread_mutex_lock(&server->lock);
	server->requests[connection->number] = request;
	pthread_mutex_unlock(&server->lock);
	while (left.len) {
		size_t slice = reply->slice ? MIN(reply->slice, left.len) : left.len;
		ssize_t sent = send(connection->fd, left.ptr, slice, MSG_NOSIGNAL);

		if (sent <= 0)
			break;
		left.ptr += sent;
		left.len -= (size_t)sent;
		if (reply->slice)
			usleep(200);
	}
	usleep(reply->hold_ms * 1000);
	/* Before the client knows, who comes back at once. */
	pthread_mutex_lock(&server->lock);
	server->open--;
	pthread_mutex_unlock(&server->lock);
	close(connection->fd);
	free(connection);
	return NULL;
}

static void *listen_on(void *user)
{
	struct script_server *server = user;

	for (;;) {
		int yes = 1, fd = accept(server->listener, NULL, NULL);
		struct connection *connection;
		unsigned number = server->taken;

		if (fd < 0 || number >= REQUESTS_MAX)
			break;
		setsockopt(fd, IPPROTO_TCP, 1, &yes, sizeof(yes));
		connection = x_calloc(1, sizeof(*connection));
		*connection = (struct connection){ server, number, fd };
		pthread_mutex_lock(&server->lock);
		server->open++;
		server->parallel = MAX(server->parallel, server->open);
		pthread_mutex_unlock(&server->lock);
		if (pthread_create(&server->workers[number], NULL, serve, connection))
			abort();
		server->taken++;
	}
	return NULL;
}

struct script_server *script_server_start(const struct script_reply *replies, size_t count)
{
	struct script_server *server = x_calloc(1, sizeof(*server));
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	server->replies = replies;
	server->count = count;
	pthread_mutex_init(&server->lock, NULL);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (void *)&address, sizeof(address)) ||
	    listen(server->listener, 16) ||
	    getsockname(server->listener, (void *)&address, &size) ||
	    pthread_create(&server->thread, NULL, listen_on, server))
		abort();
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
	return server;
}

void script_server_stop(struct script_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	for (unsigned i = 0; i < server->taken; i++) {
		pthread_join(server->workers[i], NULL);
		free(server->requests[i]);
	}
	free(server);
}

const char *script_server_url(const struct script_server *server)
{
	return server->url;
}

unsigned script_server_requests(struct script_server *server)
{
	unsigned count = 0;

	pthread_mutex_lock(&server->lock);
	while (count < REQUESTS_MAX && server->requests[count])
		count++;
	pthread_mutex_unlock(&server->lock);
	return count;
}

const char *script_server_request(struct script_server *server, unsigned number)
{
	const char *request;

	pthread_mutex_lock(&server->lock);
	request = number < REQUESTS_MAX ? server->requests[number] : NULL;
	pthread_mutex_unlock(&server->lock);
	return request ? request : "";
}

unsigned script_server_parallel(struct script_server *server)
{
	unsigned parallel;

	pthread_mutex_lock(&server->lock);
	parallel = server->parallel;
	pthread_mutex_unlock(&server->lock);
	return parallel;
}
