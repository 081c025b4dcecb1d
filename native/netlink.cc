// An AF_NETLINK socket for Node: as little as JavaScript cannot do itself.
//
// Sockets are small integers that live in a table of the environment (the main thread or a worker). Every function
// returns a number, and a negative one is -errno: ENOBUFS on receive is an ordinary event ("you missed something,
// read again"), not an exception. Only messages of the kernel itself (port id 0) are delivered.
//
//   open(protocol, receiveBuffer, readable)  -> socket   bound, close-on-exec, non-blocking
//   portId(socket)  bufferSize(socket)       -> number
//   membership(socket, group, join)          -> 0
//   option(socket, name, value)              -> 0        SOL_NETLINK, an int
//   filter(socket, program)                  -> 0        classic BPF, as struct sock_filter[]
//   send(socket, bytes)                      -> length sent
//   receive(socket, bytes)                   -> length of the datagram; above bytes.length it was cut off
//   ref(socket, wanted)                      -> 0        whether it keeps the event loop alive
//   close(socket)                            -> 0        also from within `readable`
//   notify(path, bytes)                      -> length sent: one datagram to a unix socket (sd_notify), never waited for;
//                                               a path that begins with '@' is in the abstract namespace
//
// Plain C API of Node (ABI stable) and libuv, and no C++ library: one binary serves every Node from 20 on.
#define NAPI_VERSION 8
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <node_api.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

namespace {

// Datagrams of senders other than the kernel that one receive() passes over before it lets go.
const int kForeignLimit = 64;

struct Socket {
  uv_poll_t poll;  // first: the handle's address is the socket's
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
  struct Table* table;
  Socket* next;
  int32_t id;
  uint32_t port;
  int fd;
};

struct Table {
  Socket* first;
  int32_t last_id;
};

napi_value Number(napi_env env, int64_t value) {
  napi_value result = nullptr;
  napi_create_int64(env, value, &result);
  return result;
}

void Start(Socket* s);

// Calls `readable`. Whatever it throws becomes an uncaughtException, as with any event callback.
void OnPoll(uv_poll_t* handle, int status, int) {
  Socket* s = reinterpret_cast<Socket*>(handle);
  napi_env env = s->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, global;
  if (napi_get_reference_value(env, s->callback, &callback) == napi_ok &&
      napi_get_global(env, &global) == napi_ok) {
    napi_make_callback(env, s->context, global, callback, 0, nullptr, nullptr);
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending) {
      napi_value error;
      napi_get_and_clear_last_exception(env, &error);
      napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
  // An error on the socket (ENOBUFS) arrives as a bad poll, after which libuv has stopped polling.
  if (status < 0) Start(s);
}

void Start(Socket* s) {
  uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(&s->poll);
  if (!uv_is_closing(handle)) uv_poll_start(&s->poll, UV_READABLE, OnPoll);
}

void OnClosed(uv_handle_t* handle) {
  Socket* s = reinterpret_cast<Socket*>(handle);
  napi_handle_scope scope;
  if (napi_open_handle_scope(s->env, &scope) == napi_ok) {
    napi_delete_reference(s->env, s->callback);
    napi_async_destroy(s->env, s->context);
    napi_close_handle_scope(s->env, scope);
  }
  napi_remove_async_cleanup_hook(s->hook);
  free(s);
}

// The descriptor goes at once; what a running callback may stand on, when libuv lets go of the handle.
void Close(Socket* s) {
  uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(&s->poll);
  if (uv_is_closing(handle)) return;
  for (Socket** at = &s->table->first; *at != nullptr; at = &(*at)->next) {
    if (*at != s) continue;
    *at = s->next;
    break;
  }
  uv_close(handle, OnClosed);
  close(s->fd);
}

// The environment goes away (exit, end of a worker): it waits until the handle is closed.
void OnTeardown(napi_async_cleanup_hook_handle, void* data) { Close(static_cast<Socket*>(data)); }

// Arguments of a call, checked; `socket` is the first one's.
struct Call {
  napi_value argument[3] = {};
  Table* table = nullptr;
  Socket* socket = nullptr;
  size_t count = 3;

  Call(napi_env env, napi_callback_info info) {
    napi_get_cb_info(env, info, &count, argument, nullptr, nullptr);
    napi_get_instance_data(env, reinterpret_cast<void**>(&table));
    int32_t id;
    if (!Int(env, 0, &id)) return;
    for (Socket* s = table->first; s != nullptr; s = s->next) {
      if (s->id == id) socket = s;
    }
  }

  bool Int(napi_env env, size_t at, int32_t* value) const {
    return at < count && napi_get_value_int32(env, argument[at], value) == napi_ok;
  }

  bool Bool(napi_env env, size_t at, bool* value) const {
    return at < count && napi_get_value_bool(env, argument[at], value) == napi_ok;
  }

  bool Bytes(napi_env env, size_t at, void** data, size_t* length) const {
    napi_typedarray_type type;
    return at < count &&
           napi_get_typedarray_info(env, argument[at], &type, length, data, nullptr, nullptr) == napi_ok &&
           type == napi_uint8_array;
  }
};

int Bind(int protocol, int receive_buffer, uint32_t* port) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0) return -errno;
  // Beyond net.core.rmem_max where we may (CAP_NET_ADMIN), up to it where we may not.
  if (receive_buffer > 0 &&
      setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  struct sockaddr_nl address;
  memset(&address, 0, sizeof address);
  address.nl_family = AF_NETLINK;
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0 ||
      getsockname(fd, reinterpret_cast<struct sockaddr*>(&address), &length) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  *port = address.nl_pid;
  return fd;
}

napi_value Open(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int32_t protocol, receive_buffer;
  napi_valuetype type = napi_undefined;
  if (call.count < 3 || !call.Int(env, 0, &protocol) || !call.Int(env, 1, &receive_buffer) ||
      napi_typeof(env, call.argument[2], &type) != napi_ok || type != napi_function) {
    return Number(env, -EINVAL);
  }
  uv_loop_t* loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Number(env, -EINVAL);
  Socket* s = static_cast<Socket*>(calloc(1, sizeof(Socket)));
  if (s == nullptr) return Number(env, -ENOMEM);
  s->env = env;
  s->table = call.table;
  s->fd = Bind(protocol, receive_buffer, &s->port);
  int error = s->fd < 0 ? s->fd : uv_poll_init(loop, &s->poll, s->fd);
  if (error < 0) {
    if (s->fd >= 0) close(s->fd);
    free(s);
    return Number(env, error);
  }
  napi_value name;
  napi_create_string_utf8(env, "ospf-speaker:netlink", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, call.argument[2], 1, &s->callback);
  napi_async_init(env, nullptr, name, &s->context);
  napi_add_async_cleanup_hook(env, OnTeardown, s, &s->hook);
  s->id = ++s->table->last_id;
  s->next = s->table->first;
  s->table->first = s;
  Start(s);
  return Number(env, s->id);
}

napi_value PortId(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return Number(env, call.socket == nullptr ? -EBADF : static_cast<int64_t>(call.socket->port));
}

napi_value BufferSize(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.socket == nullptr) return Number(env, -EBADF);
  int size = 0;
  socklen_t length = sizeof size;
  int failed = getsockopt(call.socket->fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
  return Number(env, failed != 0 ? -errno : size);
}

napi_value Set(napi_env env, Socket* s, int level, int name, const void* value, socklen_t length) {
  return Number(env, setsockopt(s->fd, level, name, value, length) == 0 ? 0 : -errno);
}

napi_value Membership(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int32_t group;
  bool join;
  if (call.socket == nullptr) return Number(env, -EBADF);
  if (!call.Int(env, 1, &group) || !call.Bool(env, 2, &join)) return Number(env, -EINVAL);
  int name = join ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
  return Set(env, call.socket, SOL_NETLINK, name, &group, sizeof group);
}

napi_value Option(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int32_t name, value;
  if (call.socket == nullptr) return Number(env, -EBADF);
  if (!call.Int(env, 1, &name) || !call.Int(env, 2, &value)) return Number(env, -EINVAL);
  return Set(env, call.socket, SOL_NETLINK, name, &value, sizeof value);
}

napi_value Filter(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* data;
  size_t length;
  if (call.socket == nullptr) return Number(env, -EBADF);
  if (!call.Bytes(env, 1, &data, &length) || length % sizeof(struct sock_filter) != 0) {
    return Number(env, -EINVAL);
  }
  struct sock_fprog program;
  program.len = static_cast<unsigned short>(length / sizeof(struct sock_filter));
  program.filter = static_cast<struct sock_filter*>(data);
  return Set(env, call.socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

napi_value Send(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* data;
  size_t length;
  if (call.socket == nullptr) return Number(env, -EBADF);
  if (!call.Bytes(env, 1, &data, &length)) return Number(env, -EINVAL);
  struct sockaddr_nl kernel;
  memset(&kernel, 0, sizeof kernel);
  kernel.nl_family = AF_NETLINK;
  ssize_t sent;
  do {
    sent = sendto(call.socket->fd, data, length, 0, reinterpret_cast<struct sockaddr*>(&kernel),
                  sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  return Number(env, sent < 0 ? -errno : sent);
}

napi_value Receive(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* data;
  size_t length;
  if (call.socket == nullptr) return Number(env, -EBADF);
  if (!call.Bytes(env, 1, &data, &length) || length == 0) return Number(env, -EINVAL);
  for (int i = 0; i < kForeignLimit; i++) {
    struct sockaddr_nl from;
    memset(&from, 0, sizeof from);
    socklen_t size = sizeof from;
    ssize_t got;
    do {
      got = recvfrom(call.socket->fd, data, length, MSG_TRUNC | MSG_DONTWAIT,
                     reinterpret_cast<struct sockaddr*>(&from), &size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Number(env, -errno);
    if (size >= sizeof from && from.nl_family == AF_NETLINK && from.nl_pid == 0) {
      return Number(env, got);
    }
  }
  return Number(env, -EAGAIN);
}

napi_value Ref(napi_env env, napi_callback_info info) {
  Call call(env, info);
  bool wanted;
  if (call.socket == nullptr) return Number(env, -EBADF);
  if (!call.Bool(env, 1, &wanted)) return Number(env, -EINVAL);
  uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(&call.socket->poll);
  if (wanted) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
  return Number(env, 0);
}

napi_value CloseSocket(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.socket == nullptr) return Number(env, -EBADF);
  Close(call.socket);
  return Number(env, 0);
}

napi_value Notify(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* data;
  size_t length, size = 0;
  struct sockaddr_un to;
  memset(&to, 0, sizeof to);
  to.sun_family = AF_UNIX;
  // One that is cut off fills the buffer.
  char path[sizeof to.sun_path + 2];
  if (call.count < 2 || !call.Bytes(env, 1, &data, &length) ||
      napi_get_value_string_utf8(env, call.argument[0], path, sizeof path, &size) != napi_ok || size == 0) {
    return Number(env, -EINVAL);
  }
  if (size > sizeof to.sun_path) return Number(env, -ENAMETOOLONG);
  memcpy(to.sun_path, path, size);
  if (path[0] == '@') to.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Number(env, -errno);
  socklen_t address = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + size);
  ssize_t sent;
  do {
    sent = sendto(fd, data, length, MSG_NOSIGNAL, reinterpret_cast<struct sockaddr*>(&to), address);
  } while (sent < 0 && errno == EINTR);
  int64_t result = sent < 0 ? -errno : sent;
  close(fd);
  return Number(env, result);
}

void FreeTable(napi_env, void* data, void*) { free(data); }

}  // namespace

NAPI_MODULE_INIT() {
  Table* table = static_cast<Table*>(calloc(1, sizeof(Table)));
  if (table == nullptr || napi_set_instance_data(env, table, FreeTable, nullptr) != napi_ok) {
    free(table);
    napi_throw_error(env, "ENOMEM", "netlink: out of memory");
    return nullptr;
  }
  const napi_property_descriptor functions[] = {
      {"open", nullptr, Open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"portId", nullptr, PortId, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"bufferSize", nullptr, BufferSize, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"membership", nullptr, Membership, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"option", nullptr, Option, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"filter", nullptr, Filter, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"send", nullptr, Send, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"receive", nullptr, Receive, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"ref", nullptr, Ref, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"close", nullptr, CloseSocket, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"notify", nullptr, Notify, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}
