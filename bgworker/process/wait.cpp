#include "bgworker/process/wait.hpp"

#include "bgworker/process/wait_events.hpp"
#include "bgworker/process/interrupts.hpp"

namespace synckit {

bool wait_for_sockets(WaitEventSet* set, long most_ms)
{
    static bool woken = false;
    WaitEvent event;
    int count =
        WaitEventSetWait(set, Max(Min(most_ms, tick_ms), 0), &event, 1, wait_event(WaitFor::redis));
    if (count > 0 && (event.events & (WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE))) {
        if (woken)
            SetLatch(MyLatch);
        woken = false;
        return true;
    }
    woken |= count > 0;
    ResetLatch(MyLatch);
    serve_interrupts();
    return false;
}

} // namespace synckit
