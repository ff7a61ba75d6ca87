"""Settings in layers, and all that is wrong with them at once: tomllib and dataclasses."""

import tomllib
from dataclasses import dataclass, fields


# ANCHOR: settings
@dataclass(frozen=True)
class Settings:
    workers: int = 4
    timeout_ms: int = 5000
    user_agent: str = "sitewatch"
    follow: bool = True

    def problems(self) -> dict[str, str]:
        least = {"workers": 1, "timeout_ms": 10}
        return {
            key: f"is too small: {getattr(self, key)}"
            for key, number in least.items()
            if getattr(self, key) < number
        }
# ANCHOR_END: settings


# ANCHOR: first_problem
def careless(file: str) -> Settings:
    # names one mistake, or none: "8" is no number
    return Settings(**tomllib.loads(file))
# ANCHOR_END: first_problem


# ANCHOR: load
def load(
    file: str, environment: dict[str, str], arguments: dict[str, str]
) -> Settings:
    prefix = "SITEWATCH_"
    variables = {
        key.removeprefix(prefix).lower(): value
        for key, value in environment.items()
        if key.startswith(prefix)
    }
    layers = [
        ("file", tomllib.loads(file)),
        ("environment", variables),
        ("arguments", arguments),
    ]
    known = {field.name: field.type for field in fields(Settings)}
    values, source, problems = {}, {}, []
    for layer, given in layers:  # the later, the stronger
        for key, value in given.items():
            if key not in known:
                problems.append(f"{layer}: {key} is unknown")
                continue
            try:
                values[key] = convert(value, known[key], text=layer != "file")
                source[key] = layer
            except ValueError as error:
                problems.append(f"{layer}: {key} {error}")
    settings = Settings(**values)
    for key, problem in settings.problems().items():
        problems.append(f"{source.get(key, 'default')}: {key} {problem}")
    if problems:
        errors = [ValueError(problem) for problem in problems]
        raise ExceptionGroup("settings", errors)
    return settings
# ANCHOR_END: load


# ANCHOR: convert
def convert(value: object, kind: type, text: bool) -> object:
    if text:
        words = {"true": True, "false": False}
        try:
            value = words[value] if kind is bool else kind(value)
        except (KeyError, ValueError):
            pass
    if type(value) is not kind:
        raise ValueError(f"is no {kind.__name__}: {value!r}")
    return value
# ANCHOR_END: convert


FILE = 'workers = 8\nuser_agent = "watcher"\n'
BAD = 'workers = "8"\ntimeout_ms = 1\nworkes = 3\n'

print("careless:", careless('workers = "8"'))
print(load(FILE, {"SITEWATCH_WORKERS": "16", "HOME": "/"}, {"follow": "false"}))
try:
    load(BAD, {"SITEWATCH_FOLLOW": "perhaps"}, {"colour": "blue"})
except* ValueError as errors:
    print(f"{len(errors.exceptions)} problems:")
    for error in errors.exceptions:
        print(f"    {error}")
