#pragma once
#include "core/accounts/account_data.hpp"
#include "core/accounts/devices.hpp"
#include "core/accounts/filters.hpp"
#include "core/accounts/listeners.hpp"
#include "core/accounts/open_id.hpp"
#include "core/accounts/options.hpp"
#include "core/accounts/passwords.hpp"
#include "core/accounts/profiles.hpp"
#include "core/accounts/pushers.hpp"
#include "core/accounts/registration.hpp"
#include "core/accounts/sessions.hpp"
#include "core/accounts/shared_secret.hpp"
#include "core/accounts/sign_in.hpp"
#include "core/accounts/user_interactive.hpp"
#include "net/runtime.hpp"

namespace runde::accounts {

/// All parts of this folder, built from each other in this order. Floors above take the part they use.
struct Accounts {
    Accounts(net::Runtime& runtime, storage::Database& db, storage::Lane& lane, storage::Numbers& numbers, Options what)
        : options(std::move(what)),
          passwords(runtime),
          interactive(runtime.clock()),
          open_id(runtime.clock()),
          sessions(runtime, db, numbers, options),
          devices(db, lane, sessions, listeners),
          account_data(db, lane, listeners),
          filters(db),
          profiles(db, listeners, options),
          pushers(db, lane),
          registration(db, numbers, runtime.clock(), sessions, account_data, listeners, options),
          shared_secret(runtime.clock(), options),
          sign_in(db, passwords, sessions, devices, listeners, options, runtime.clock()) {}
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    const Options options;
    Listeners listeners;
    Passwords passwords;
    UserInteractive interactive;
    OpenId open_id;
    Sessions sessions;
    Devices devices;
    AccountData account_data;
    Filters filters;
    Profiles profiles;
    Pushers pushers;
    Registration registration;
    SharedSecret shared_secret;
    SignIn sign_in;
};

}  // namespace runde::accounts
