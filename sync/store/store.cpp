#include "sync/store/store.hpp"

#include <pthread.h>
#include <signal.h>

namespace cloudpcd::store {

StoreThread::StoreThread()
    : x_work{boost::asio::make_work_guard(x_context)}, x_thread{[this] {
          // Signals belong to the network thread.
          sigset_t all;
          sigfillset(&all);
          pthread_sigmask(SIG_BLOCK, &all, nullptr);
          x_context.run();
      }}
{}

StoreThread::~StoreThread()
{
    x_work.reset();
    x_thread.join();
}

}  // namespace cloudpcd::store
