#pragma once
// `cloudpcctl login` and `logout`: who acts where Graph takes users only.

#include "daemon/ctl/client.hpp"
#include "daemon/ctl/output.hpp"

namespace cloudpcd::ctl {

/// Shows where to go and which code to enter, and waits until somebody has. Interrupting it leaves
/// the code good: the next login shows the same one.
///
/// Gives:  one line who has signed in; with `as_json` one object with the code, and one with the
///         outcome
/// Errors: Failure failed with Entra's reason
void login(const ControlClient& client, bool as_json, Output& output, Output& progress);

/// Errors: Failure failed when the stored sign-in cannot be removed
void logout(const ControlClient& client, bool as_json, Output& output);

}  // namespace cloudpcd::ctl
