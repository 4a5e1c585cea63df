# Texts of exceptions without the traceback module.

DIRECT = u'\nThe above exception was the direct cause of the following exception:\n\n'
DURING = u'\nDuring handling of the above exception, another exception occurred:\n\n'


def format_plainly(error, trace, name, lines):  # type: (Any, Any, Optional[str], List[str]) -> str
    """The text without the traceback module: on Python 2, for a very long chain of exceptions, and if remote code has
    replaced builtins."""
    parts = []
    found = set()  # type: Set[int]
    while error is not None and id(error) not in found:
        if len(found) == CHAIN:
            parts.append([u'[... earlier exceptions ...]\n\n'])
            break
        found.add(id(error))
        part = [TITLE]
        part.extend(frame_lines(trace, name, lines))
        part.extend(error_lines(error))
        parts.append(part)
        cause = getattr(error, '__cause__', None)
        if cause is None and getattr(error, '__suppress_context__', True):
            break   # Python 2 has none of them
        error = error.__context__ if cause is None else cause
        if error is not None and id(error) not in found:
            trace = error.__traceback__
            part.insert(0, DURING if cause is None else DIRECT)
    return u''.join([text for part in reversed(parts) for text in part])


def frame_lines(trace, name, lines):  # type: (Any, Optional[str], List[str]) -> Iterator[str]
    entries = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename != FILE:
            entries.append((as_text(code.co_filename), trace.tb_lineno, code.co_name, trace.tb_frame.f_globals))
        trace = trace.tb_next
    cut = len(entries) - FRAMES
    for at, (file_name, number, function, names) in enumerate(entries):
        if cut > 0 and FRAMES // 2 <= at < FRAMES // 2 + cut:
            if at == FRAMES // 2:
                yield u'  [... %d frames ...]\n' % cut
            continue
        yield u'  File "%s", line %d, in %s\n' % (file_name, number, function)
        if file_name == name:
            line = as_text(lines[number - 1]) if 0 < number <= len(lines) else u''
        else:
            line = source_line(file_name, number, names)
        if line.strip():
            yield u'    %s\n' % line.strip()


def source_line(file_name, number, names):  # type: (str, int, Any) -> str
    try:
        return as_text(import_standard('linecache').getline(file_name, number, names))
    except Exception:
        return u''


def error_lines(error):  # type: (Any) -> Iterator[str]
    kind = error.__class__
    name = getattr(kind, '__qualname__', kind.__name__)
    if kind.__module__ not in ('builtins', 'exceptions', '__main__'):
        name = '%s.%s' % (kind.__module__, name)
    try:
        if not isinstance(error, SyntaxError) or error.filename is None:
            text = as_text(error)
        else:
            yield u'  File "%s", line %s\n' % (as_text(error.filename), error.lineno)
            line = as_text(error.text or u'')
            if line.strip():
                yield u'    %s\n' % line.strip()
                at = (error.offset or 0) - 1 - len(line) + len(line.lstrip())
                if 0 <= at <= len(line):
                    yield u'    %s^\n' % (u' ' * at)
            text = as_text(error.msg)
    except Exception:
        text = u'<exception str() failed>'
    yield u'%s: %s\n' % (name, text) if text else u'%s\n' % name
    for note in getattr(error, '__notes__', None) or ():
        yield u'%s\n' % (note,)


as_text = str   # type: Callable[[Any], str]  # on Python 2 a text too
