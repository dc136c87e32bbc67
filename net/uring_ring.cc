// net/uring_ring.cc: setting up, submitting, waiting.
#include "net/uring_ring.h"

#include <algorithm>
#include <cerrno>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/check.h"

namespace fanfare {

UringRing::~UringRing() {
  if (open_) io_uring_queue_exit(&ring_);
  if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, buffer_ring_bytes_);
}

int UringRing::open(uint32_t files) {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_TASKRUN_FLAG;
  params.cq_entries = completions;
  if (const int error = io_uring_queue_init_params(submissions, &ring_, &params)) return -error;
  open_ = true;
  if (const int error = io_uring_register_files_sparse(&ring_, files)) return -error;

  memory_ = std::make_unique<std::byte[]>(buffers * buffer_stride);
  buffer_ring_bytes_ = buffers * sizeof(io_uring_buf);
  void* const mapped = ::mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE,
                              MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (mapped == MAP_FAILED) return errno;
  buffer_ring_ = static_cast<io_uring_buf_ring*>(mapped);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(mapped);
  registration.ring_entries = buffers;
  registration.bgid = buffer_group;
  if (const int error = io_uring_register_buf_ring(&ring_, &registration, 0)) return -error;
  io_uring_buf_ring_init(buffer_ring_);
  for (uint16_t id = 0; id < buffers; ++id) give_back_buffer(id);
  return 0;
}

int UringRing::enable() {
  if (enabled_) return 0;
  enabled_ = true;
  // Debian 12's liburing declares io_uring_enable_rings and does not export it.
  return ::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr,
                   0) == 0
             ? 0
             : errno;
}

void UringRing::give_back_buffer(uint16_t id) {
  io_uring_buf_ring_add(buffer_ring_, memory_.get() + id * buffer_stride,
                        static_cast<unsigned>(buffer_bytes), id, io_uring_buf_ring_mask(buffers),
                        0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

io_uring_sqe* UringRing::sqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  CHECK(sqe != nullptr);
  return sqe;
}

void UringRing::submit() {
  const int result = io_uring_submit(&ring_);
  CHECK(result >= 0 || result == -EINTR || result == -EBUSY || result == -EAGAIN);
}

void UringRing::wait(Instant now, Instant until) {
  if (until <= now) {
    // Enters the kernel only if there is something to hand over or to work off.
    const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
    const bool work = (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    if (work || io_uring_sq_ready(&ring_) > 0) io_uring_submit_and_get_events(&ring_);
    return;
  }
  io_uring_cqe* cqe = nullptr;
  if (until == never) {
    io_uring_submit_and_wait(&ring_, 1);
    return;
  }
  const Duration left = until - now;
  __kernel_timespec patience{};
  patience.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
  patience.tv_nsec = (left % std::chrono::seconds(1)).count();
  io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &patience, nullptr);
}

bool UringRing::put(uint32_t index, int descriptor) {
  return io_uring_register_files_update(&ring_, index, &descriptor, 1) == 1;
}

}  // namespace fanfare
