// app/setting_docs.cc: Markdown, one table for each group of settings.
#include "app/setting_docs.h"

#include <fmt/core.h>

#include "app/setting_table.h"

namespace fanfare {
namespace {

constexpr std::string_view beginning = R"(# Configuration

<!-- Made by `fanfare check --print-docs`; a test compares. Change app/setting_table.cc and app/setting_docs.cc. -->

A setting may be given as a flag (`--history-age 5m`), in the environment (`FANFARE_HISTORY_AGE=5m`) or in a TOML file
(`history_age = "5m"`) that `--config FILE` or `FANFARE_CONFIG` names. Flags win over the environment, the environment
over the file. A name that is not known is an error that says where it stands. An empty variable counts as not set;
variables that Kubernetes sets for a Service called `fanfare` (`FANFARE_SERVICE_HOST`, `FANFARE_PORT=tcp://...`) are
passed over.

- Lists: a flag is repeated, a variable is separated by commas, TOML has a list.
- Bytes: `4096`, `64KiB`, `64MiB`, `1GiB` (powers of 1024), `1kB`, `1MB`, `1GB` (powers of 1000).
- Durations: `250ms`, `30s`, `5m`, `1h30m`, `2d`.
- On or off: `on`, `off`, and in TOML `true`, `false`.
- `auto` is the value of a setting that decides for itself.

`fanfare check` prints what holds and where each value came from; `SIGHUP` reads everything again. What is marked
*restart* then stays as it was until the broker is started anew.
)";

constexpr std::string_view ending = R"(
## Keys: `[[key]]`

Only in the file. As soon as there is a key, every TCP listener asks for one (`Authorization: Bearer SECRET`); Unix
sockets stay open. `anonymous` says what needs none.

```toml
anonymous = {subscribe = ["public/**"]}

[[key]]
name = "shop"                          # shown in messages; default: its place in the file
secret_file = "/etc/fanfare/shop.key"  # one secret of printable ASCII, read at start and at a reload
publish = ["orders/*"]                 # topics and patterns
subscribe = ["**"]
```

`--publish-key FILE` is the short form: one key that may publish everything, while reading stays free.

## Topics: `[[topic]]`

Only in the file. The first whose `match` fits a topic holds for it; what it does not name is as set above.
`fanfare check --topic gen/1` prints what applies.

```toml
[[topic]]
match = "gen/**"           # a topic or a pattern
history_events = 100
history_bytes = "1MiB"
history_age = "1h"
retain = 1                 # the newest that are kept past every age
lag = "latest"             # cut, skip or latest
event_bytes_max = "16KiB"
anonymous = true           # may be read without a key
```
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string default_of(const Setting& setting) {
  const std::string text = setting.print(Settings());
  return text.empty() ? "" : fmt::format("`{}`", text);
}

}  // namespace

std::string configuration_docs() {
  std::string docs(beginning);
  std::string_view group;
  for (const Setting& setting : setting_table()) {
    if (setting.group != group) {
      docs += fmt::format(
          "\n## {}\n\n| flag | environment | TOML | default | means |\n|---|---|---|---|---|\n",
          setting.group);
    }
    group = setting.group;
    const std::string_view value = value_name_of(setting.kind);
    docs += fmt::format("| `{}{}{}` | `{}` | `{}` | {} | {}{} |\n", setting.flag(),
                        value.empty() ? "" : " ", escaped(value), setting.variable(), setting.key,
                        default_of(setting), escaped(setting.help),
                        setting.reload == Reload::needs_restart ? " *(restart)*" : "");
  }
  return docs + std::string(ending);
}

}  // namespace fanfare
