# Settings of the spec for the process.

# What each execution model needs done first.
MODELS = {'thread': lambda: None, 'main_thread_only': lambda: None}


def set_up(config):  # type: (Dict[str, Any]) -> None
    """Apply the settings of the spec that were not applied before the start of the process."""
    if config['execmodel'] not in MODELS:
        raise ValueError('unknown execmodel %r' % str(config['execmodel']))
    MODELS[config['execmodel']]()
    if 'chdir' in config:
        directory = os.path.expanduser(config['chdir'])
        if not os.path.exists(directory):
            os.mkdir(directory)
        os.chdir(directory)
    for name, value in config.get('env', {}).items():
        os.environ[native(name)] = native(value)
    if 'nice' in config:
        if not hasattr(os, 'nice'):
            raise ValueError('nice: this system has no such priorities')
        os.nice(config['nice'])


def native(text):  # type: (str) -> Any
    return text


def set_up_or_leave(out, config):  # type: (int, Dict[str, Any]) -> None
    try:
        set_up(config)
    except Exception:
        answer(out, config, format_exception())
        sys.exit(1)
