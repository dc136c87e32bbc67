// net/uring_ring.cc: setting up, submitting, collecting.
#include "net/uring_ring.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/check.h"

namespace fanfare {
namespace {

constexpr uint8_t op_fixed_fd_install = 54;  // Linux 6.8; newer than Debian 12's headers
constexpr uint32_t socket_op_siocoutq = 1;   // Linux 6.5: SOCKET_URING_OP_SIOCOUTQ
constexpr std::size_t page_bytes = 4096;     // the buffer ring begins on a page

uint64_t number_of(UringName name) {
  return uint64_t{name.slot.generation} << 32 | uint64_t{name.slot.index} << 8 |
         static_cast<uint8_t>(name.op);
}

UringName name_of(uint64_t number) {
  const auto index = static_cast<uint32_t>(number >> 8) & 0xffffff;
  return {static_cast<UringOp>(number & 255), {index, static_cast<uint32_t>(number >> 32)}};
}

// Trying again helps against these. EBADR is not one of them: the kernel, out of memory, has thrown
// completions away, and no connection of this ring can be trusted any more.
bool is_passing(int result) {
  return result >= 0 || result == -EINTR || result == -ETIME || result == -EBUSY ||
         result == -EAGAIN || result == -ENOMEM;
}

void prepare_siocoutq(io_uring_sqe& sqe, int file) {
  io_uring_prep_nop(&sqe);
  sqe.opcode = IORING_OP_URING_CMD;
  sqe.fd = file;
  sqe.cmd_op = socket_op_siocoutq;
}

}  // namespace

UringRing::~UringRing() {
  if (open_) io_uring_queue_exit(&ring_);
  if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, page_bytes);
}

int UringRing::open(uint32_t files) {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_TASKRUN_FLAG;
  params.cq_entries = completions;
  if (const int error = io_uring_queue_init_params(submissions, &ring_, &params)) return -error;
  open_ = true;
  if (const int error = io_uring_register_files_sparse(&ring_, files)) return -error;
  if (const int error = make_buffers()) return error;
  // A ring that is not enabled refuses to be entered; anything else is a filter that forbids it.
  const long entered = ::syscall(__NR_io_uring_enter, ring_.ring_fd, 0, 0, 0, nullptr, 0);
  return entered < 0 && errno != EBADFD ? errno : 0;
}

int UringRing::make_buffers() {
  static_assert(buffers * sizeof(io_uring_buf) <= page_bytes);
  memory_ = std::make_unique<std::byte[]>(buffers * buffer_stride);
  void* const mapped =
      ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (mapped == MAP_FAILED) return errno;
  buffer_ring_ = static_cast<io_uring_buf_ring*>(mapped);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(mapped);
  registration.ring_entries = buffers;
  registration.bgid = buffer_group;
  if (const int error = io_uring_register_buf_ring(&ring_, &registration, 0)) return -error;
  io_uring_buf_ring_init(buffer_ring_);
  for (uint16_t id = 0; id < buffers; id++) give_back_buffer(id);
  return 0;
}

int UringRing::enable() {
  // Debian 12's liburing declares io_uring_enable_rings and does not export it.
  const long result =
      ::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  return result == 0 ? 0 : errno;
}

void UringRing::give_back_buffer(uint16_t id) {
  io_uring_buf_ring_add(buffer_ring_, memory_.get() + id * buffer_stride,
                        static_cast<unsigned>(buffer_bytes), id, io_uring_buf_ring_mask(buffers),
                        0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

// ---- queueing ----

io_uring_sqe* UringRing::entry() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  return sqe;
}

void UringRing::accept(int listener, SocketAddress& peer, socklen_t& peer_bytes, Slot into) {
  io_uring_sqe* const sqe = entry();
  peer_bytes = SocketAddress::raw_bytes_max;
  io_uring_prep_accept_direct(sqe, listener, peer.raw(), &peer_bytes, 0, into.index);
  sqe->user_data = number_of({UringOp::accept, into});
}

void UringRing::poll(Slot slot, UringOp name, unsigned events) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_poll_add(sqe, static_cast<int>(slot.index), events);
  sqe->flags |= IOSQE_FIXED_FILE;
  sqe->user_data = number_of({name, slot});
}

void UringRing::poll_in(int descriptor, UringName name) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_poll_add(sqe, descriptor, POLLIN);
  sqe->user_data = number_of(name);
}

void UringRing::poll_in_often(int descriptor, UringName name) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_poll_multishot(sqe, descriptor, POLLIN);
  sqe->user_data = number_of(name);
}

void UringRing::receive(Slot slot) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_recv(sqe, static_cast<int>(slot.index), nullptr, buffer_bytes, 0);
  sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
  sqe->buf_group = buffer_group;
  sqe->user_data = number_of({UringOp::receive, slot});
}

void UringRing::close(Slot slot) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_close_direct(sqe, slot.index);
  sqe->user_data = number_of({UringOp::close, slot});
}

void UringRing::cancel(UringName name) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_cancel64(sqe, number_of(name), 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  sqe->user_data = number_of({UringOp::cancel, {}});
}

bool UringRing::put(uint32_t index, int descriptor) {
  return io_uring_register_files_update(&ring_, index, &descriptor, 1) == 1;
}

// ---- at once ----

int UringRing::call(io_uring_sqe* sqe) {
  sqe->user_data = number_of({UringOp::call, {}});
  call_done_ = false;
  submit();
  collect();
  while (!call_done_) {
    enter(1);
    collect();
  }
  return called_;
}

int UringRing::install(uint32_t index) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_nop(sqe);
  sqe->opcode = op_fixed_fd_install;
  sqe->fd = static_cast<int>(index);
  sqe->flags |= IOSQE_FIXED_FILE;
  return call(sqe);
}

int UringRing::stop_sending(uint32_t index) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_shutdown(sqe, static_cast<int>(index), SHUT_WR);
  sqe->flags |= IOSQE_FIXED_FILE;
  return call(sqe);
}

int UringRing::unacknowledged(uint32_t index) {
  io_uring_sqe* const sqe = entry();
  prepare_siocoutq(*sqe, static_cast<int>(index));
  sqe->flags |= IOSQE_FIXED_FILE;
  return call(sqe);
}

bool UringRing::tells_unacknowledged() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  io_uring_sqe* const sqe = entry();
  prepare_siocoutq(*sqe, socket);
  const int result = call(sqe);
  ::close(socket);
  return result >= 0;
}

int UringRing::take_error(uint32_t index) {
  std::byte unread{};
  io_uring_sqe* const sqe = entry();
  io_uring_prep_recv(sqe, static_cast<int>(index), &unread, 1, MSG_PEEK | MSG_DONTWAIT);
  sqe->flags |= IOSQE_FIXED_FILE;
  const int result = call(sqe);
  return result < 0 && result != -EAGAIN ? -result : ECONNRESET;
}

int UringRing::close_now(uint32_t index) {
  io_uring_sqe* const sqe = entry();
  io_uring_prep_close_direct(sqe, index);
  return call(sqe);
}

void UringRing::send(std::span<Send> batch) {
  while (!batch.empty()) {
    const std::size_t count = std::min<std::size_t>(sends_batch_max, batch.size());
    try_all(batch.first(count));
    batch = batch.subspan(count);
  }
}

void UringRing::try_all(std::span<Send> batch) {
  trying_ = batch;
  untried_ = batch.size();
  for (uint32_t i = 0; i < batch.size(); i++) {
    const Send& one = batch[i];
    const std::size_t count = std::min<std::size_t>(one.bytes.size(), INT_MAX);
    io_uring_sqe* const sqe = entry();
    io_uring_prep_send(sqe, static_cast<int>(one.slot.index), one.bytes.data(), count,
                       MSG_DONTWAIT | MSG_NOSIGNAL);
    sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = number_of({UringOp::send, {i, 0}});
  }
  // A send that may not wait is complete when it has been submitted.
  submit();
  collect();
  while (untried_ > 0) {
    enter(1);
    collect();
  }
}

void UringRing::await(UringName name) {
  const auto is_kept = [&] {
    return std::any_of(kept_.begin(), kept_.end(),
                       [&](const UringDone& done) { return done.name == name; });
  };
  submit();
  collect();
  while (!is_kept()) {
    enter(1);
    collect();
  }
}

// ---- entering the kernel ----

void UringRing::submit() {
  const int result = io_uring_submit(&ring_);
  CHECK(is_passing(result));
  // The kernel takes no more until it could hand over what is complete, or has memory again.
  if (result < 0) {
    collect();
    enter(0);
  }
}

void UringRing::enter(unsigned completions_min) {
  const int result = completions_min == 0 ? io_uring_submit_and_get_events(&ring_)
                                          : io_uring_submit_and_wait(&ring_, completions_min);
  if (!is_passing(result)) CHECK_EQ(result, 0);
}

void UringRing::wait(Instant now, Instant until) {
  if (until <= now) {
    if (io_uring_sq_ready(&ring_) > 0 || has_more()) enter(0);
  } else if (until == never) {
    enter(1);
  } else {
    const Duration left = until - now;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    __kernel_timespec patience{};
    patience.tv_sec = seconds.count();
    patience.tv_nsec = (left - seconds).count();
    io_uring_cqe* first = nullptr;
    const int result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &patience, nullptr);
    if (!is_passing(result)) CHECK_EQ(result, 0);
  }
  collect();
}

bool UringRing::has_more() const {
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

void UringRing::collect() {
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(&ring_, head, cqe) {
    count++;
    const UringName name = name_of(cqe->user_data);
    if (name.op == UringOp::send) {
      trying_[name.slot.index].result = cqe->res;
      untried_--;
    } else if (name.op == UringOp::call) {
      called_ = cqe->res;
      call_done_ = true;
    } else if (name.op != UringOp::cancel) {
      kept_.push_back({name, cqe->res, cqe->flags});
    }
  }
  io_uring_cq_advance(&ring_, count);
}

bool UringRing::next(UringDone& done) {
  if (kept_.empty()) return false;
  done = kept_.front();
  kept_.pop_front();
  return true;
}

}  // namespace fanfare
