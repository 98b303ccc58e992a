// Handing descriptors over by unix sockets (SCM_RIGHTS) in the directory of a scope.
//
// The claimer connects and says a byte; the offerer looks at who it is (the kernel knows), and answers with a byte that carries the
// descriptor. A sweep that only looks whether anybody listens says nothing, and gets nothing.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "agent.h"
#include "kernel.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// A claimer says its byte right after it has connected; nobody may keep an offerer longer.
constexpr int kHelloMs = 100;

constexpr char kByte = 'h';

// An address: scope and entry, "0-t-0123456789abcdef".
constexpr size_t kAddressLength = 20;

bool IsUser(int socket, int64_t uid) {
  uint32_t peer = 0;
  return kernel::PeerUser(socket, &peer).ok() && (peer == 0 || peer == static_cast<uint64_t>(uid));
}

Status SendHandle(int socket, int handle) {
  char byte = kByte;
  iovec text = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof handle)] = {};
  msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof handle);
  std::memcpy(CMSG_DATA(header), &handle, sizeof handle);
  return sendmsg(socket, &message, 0) == 1 ? Status{} : kernel::Failed("sendmsg");
}

class SocketOffer : public Offer {
 public:
  SocketOffer(std::shared_ptr<PosixAgent> agent, int handle, int64_t uid) : agent_(std::move(agent)), handle_(handle), uid_(uid) {}

  ~SocketOffer() override {
    if (!path_.empty()) unlink(path_.c_str());
    if (!claimed_) CloseAsLast();
  }

  Status Listen(Scope scope) {
    LockedDirectory directory;
    Status status = directory.Open(agent_->path(scope), scope);
    if (!status.ok()) return status;
    const std::string entry = "t-" + Hex(RandomId());
    sockaddr_un address;
    socket_ = OpenSocket();
    if (!socket_.valid()) return kernel::Failed("socket");
    if (!SocketAddress(directory.descriptor(), entry, &address)) return Status{ENAMETOOLONG, "bind"};
    // SAFETY: the socket calls take every kind of address by this type.
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return kernel::Failed("bind");
    path_ = agent_->path(scope) + "/" + entry;
    // Who it is is looked at when it has come.
    if (chmod(path_.c_str(), scope == Scope::kGlobal ? 0666 : 0600) != 0) return kernel::Failed("chmod");
    if (listen(socket_.get(), 8) != 0) return kernel::Failed("listen");
    address_ = std::string(scope == Scope::kGlobal ? "1-" : "0-") + entry;
    return Status{};
  }

  const std::string& address() const override { return address_; }
  intptr_t WakeHandle() const override { return socket_.get(); }

  Status Serve(bool* claimed) override {
    *claimed = false;
    while (!*claimed) {
      const Descriptor peer(accept(socket_.get(), nullptr, nullptr));
      if (!peer.valid()) return Status{};
      fcntl(peer.get(), F_SETFD, FD_CLOEXEC);
      if (!IsUser(peer.get(), uid_)) continue;
      pollfd hello = {peer.get(), POLLIN, 0};
      char byte = 0;
      if (poll(&hello, 1, kHelloMs) != 1 || read(peer.get(), &byte, 1) != 1 || byte != kByte) continue;
      *claimed = claimed_ = SendHandle(peer.get(), handle_.get()).ok();
    }
    return Status{};
  }

 private:
  // Nobody has got it: it closes as every handle does, with its name if it is the last.
  void CloseAsLast() {
    uint32_t kind = 0;
    if (pread(handle_.get(), &kind, sizeof kind, offsetof(ObjectHeader, kind)) != static_cast<ssize_t>(sizeof kind)) return;
    std::shared_ptr<ObjectFile> file;
    ObjectFile::Adopt(agent_, static_cast<ObjectKind>(kind), handle_.Release(), 0, &file);
  }

  const std::shared_ptr<PosixAgent> agent_;
  Descriptor handle_;
  bool claimed_ = false;
  const int64_t uid_;
  Descriptor socket_;
  std::string path_;
  std::string address_;
};

class SocketClaim : public Claim {
 public:
  explicit SocketClaim(Descriptor socket) : socket_(std::move(socket)) {}

  intptr_t WakeHandle() const override { return socket_.get(); }

  Status Try(intptr_t* handle) override {
    *handle = -1;
    char byte = 0;
    iovec text = {&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t length = recvmsg(socket_.get(), &message, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return Status{};
    if (length <= 0) return Refused(kErrorFileNotFound, "recvmsg");
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
      return Refused(kErrorFileNotFound, "recvmsg");
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    *handle = descriptor;
    return Status{};
  }

 private:
  const Descriptor socket_;
};

}  // namespace

Status Offer::Create(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t, int64_t uid, std::unique_ptr<Offer>* offer) {
  const int64_t allowed = uid >= 0 ? uid : static_cast<int64_t>(geteuid());
  auto made = std::make_unique<SocketOffer>(ToPosix(agent), static_cast<int>(handle), allowed);
  const Status status = made->Listen(allowed == static_cast<int64_t>(geteuid()) ? Scope::kLocal : Scope::kGlobal);
  if (status.ok()) *offer = std::move(made);
  return status;
}

Status Claim::Create(const std::shared_ptr<Agent>& agent, const std::string& address, std::unique_ptr<Claim>* claim) {
  const bool valid = address.size() == kAddressLength && (address[0] == '0' || address[0] == '1') && address.compare(1, 3, "-t-") == 0 &&
                     address.find('/') == std::string::npos;
  if (!valid) return Refused(kErrorInvalidParameter, "claim");
  const Scope scope = address[0] == '1' ? Scope::kGlobal : Scope::kLocal;
  Descriptor socket = OpenSocket();
  if (!socket.valid()) return kernel::Failed("socket");
  {
    LockedDirectory directory;
    const Status status = directory.Open(ToPosix(agent)->path(scope), scope);
    if (!status.ok()) return status;
    sockaddr_un target;
    if (!SocketAddress(directory.descriptor(), address.substr(2), &target)) return Status{ENAMETOOLONG, "connect"};
    // SAFETY: the socket calls take every kind of address by this type.
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0)
      return errno == EACCES ? Refused(kErrorAccessDenied, "connect") : Refused(kErrorFileNotFound, "connect");
  }
  // In the sticky directory anybody can listen, but nobody under a random name that another has given away.
  if (write(socket.get(), &kByte, 1) != 1) return Refused(kErrorFileNotFound, "write");
  *claim = std::make_unique<SocketClaim>(std::move(socket));
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
