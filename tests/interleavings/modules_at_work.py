"""Something to do for modules of the standard library that are written in Python."""

ACCELERATED = ("_heapq", "_bisect", "_statistics", "_json")


def heapq(module):
    heap = [5, 2, 8, 1, 9, 3]
    module.heapify(heap)
    module.heappush(heap, 0)
    taken = [module.heappop(heap) for _ in range(3)]
    merged = list(module.merge([1, 4], [2, 3], key=lambda n: n))
    return taken, heap, merged, module.nlargest(2, "hello"), module.nsmallest(3, [3, 1, 2], key=lambda n: -n)


def bisect(module):
    numbers = [1, 3, 3, 5]
    module.insort(numbers, 4)
    module.insort_left(numbers, 2, key=lambda n: n)
    return numbers, module.bisect(numbers, 3), module.bisect_left(numbers, 3)


def textwrap(module):
    text = "  A kitchen is a place in which many cooks do many things at once,\n  and wait for each other. " * 3
    return module.wrap(text, 30), module.dedent("  a\n   b\n"), module.shorten(text, 40), module.indent("a\nb", "> ")


def fractions(module):
    third = module.Fraction(1, 3)
    sums = [third + module.Fraction(n, n + 1) for n in range(4)]
    return sums, third**-2, round(module.Fraction(7, 2)), module.Fraction("0.125"), third < 1, -third // 2, float(third)


def difflib(module):
    old, new = "salt the soup and stir".split(), "stir the soup and pepper it".split()
    matcher = module.SequenceMatcher(None, old, new)
    close = module.get_close_matches("sup", ["soup", "cake", "sap"])
    return matcher.get_opcodes(), round(matcher.ratio(), 6), list(module.unified_diff(old, new)), close


def shlex(module):
    return module.split("cook --dish 'hot soup' \"a \\\" b\" # not this", comments=True), module.quote("it's"), module.join(["a b"])


def graphlib(module):
    sorter = module.TopologicalSorter({"serve": {"cook", "lay"}, "cook": {"buy"}, "lay": set()})
    sorter.prepare()
    order = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.append(ready)
        sorter.done(*ready)
    try:
        list(module.TopologicalSorter({1: [2], 2: [1]}).static_order())
    except module.CycleError as error:
        order.append(error.args[0])
    return order


def colorsys(module):
    return [round(part, 6) for hue in (0.1, 0.4, 0.9) for part in module.hsv_to_rgb(hue, 0.5, 0.8)]


def statistics(module):
    numbers = [2, 4, 4, 5, 9]
    normal = module.NormalDist(5, 2)
    means = [mean(numbers) for mean in (module.mean, module.median, module.mode, module.pstdev, module.quantiles)]
    return means, normal.cdf(6), normal + 3


def configparser(module):
    parser = module.ConfigParser()
    parser.read_string("[DEFAULT]\nhome = kitchen\n[stove]\nplace = %(home)s/left\nhot: yes\n")
    return parser.sections(), parser["stove"]["place"], parser.getboolean("stove", "hot"), parser.has_option("stove", "home")


def json_decoder(module):
    decoder = module.JSONDecoder()
    values = [decoder.decode(text) for text in ('{"a": [1, 2.5, "x\\u00e9\\n"], "b": {"c": null}}', "[true, false, -1e3]", '""')]
    try:
        decoder.decode("[1,")
    except ValueError as error:
        values.append(str(error))
    return values


def json_encoder(module):
    encoder = module.JSONEncoder(sort_keys=True, indent=1)
    return encoder.encode({"b": [1, 2.5, None, True], "a": {"x": "é\n"}}), list(module.JSONEncoder().iterencode([1, {"k": (2,)}]))


def reprlib(module):
    return module.repr(list(range(50))), module.repr({"key": "x" * 100}), module.repr([[[[[[[1]]]]]]])


def string(module):
    class Loud(module.Formatter):
        def format_field(self, value, spec):
            return super().format_field(value, spec).upper()

    shown = Loud().format("{0} {a:>5} {b[0]}", "x", a="y", b=["z"])
    return shown, module.capwords("hot soup"), module.Template("$a ${b}").substitute(a=1, b=2)


def calendar(module):
    return module.TextCalendar().formatmonth(2024, 2), module.monthrange(2023, 2), module.isleap(2000)


def tokenize(module):
    import io

    source = "def f(x):\n    return f'{x!r}' + 'a'  # hm\n"
    return [(token.type, token.string) for token in module.generate_tokens(io.StringIO(source).readline)]


def html_parser(module):
    log = []

    class Parser(module.HTMLParser):
        def handle_starttag(self, tag, attrs):
            log.append(("start", tag, attrs))

        def handle_endtag(self, tag):
            log.append(("end", tag))

        def handle_data(self, data):
            log.append(("data", data))

    Parser().feed("<p class='a'>soup &amp; <b>cake</b><br/></p>")
    return log


WORK = {
    work.__name__.replace("json_", "json.").replace("html_", "html."): work
    for work in (
        *(heapq, bisect, textwrap, fractions, difflib, shlex, graphlib, colorsys, statistics, configparser),
        *(json_decoder, json_encoder, reprlib, string, calendar, tokenize, html_parser),
    )
}
