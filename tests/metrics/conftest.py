import pytest


@pytest.fixture(scope="session")
def labels():
    return ["bird", "car", "people walking"]


@pytest.fixture(scope="session")
def random_events(labels):
    """Short event lists whose times often fall on borders, on each other, or nowhere (no events at all)."""

    def draw(rng):
        events = []
        for _ in range(rng.integers(0, 9) * rng.integers(0, 2)):
            decimals = rng.integers(0, 4)
            onset = round(float(rng.uniform(0, 8)), decimals)
            duration = round(float(rng.exponential(1.5)), decimals)
            events.append((onset, onset + duration, labels[rng.integers(rng.integers(1, 4))]))
        return events

    return draw


@pytest.fixture(scope="session")
def oracle(labels):
    """sed_eval's results for pairs of event lists, pooled; without reference, they are undefined.

    A class that is never detected counts as zero: that is sed_eval's own option. Error rates without any
    reference, for which sed_eval divides by 2.2e-16, are NaN here, and averages are over annotated classes.
    """
    import warnings

    import numpy as np

    def undefined(result, n_reference, n_system):
        if n_reference == 0:
            for group in ("f_measure", "error_rate"):
                result[group] = {
                    name: value if name == "precision" and n_system else np.nan
                    for name, value in result[group].items()
                }
            for name in ("sensitivity", "balanced_accuracy"):
                if name in result["accuracy"]:
                    result["accuracy"][name] = np.nan

    def corrected(results):
        of_classes = results["class_wise"].values()
        sums = [sum(one["count"][name] for one in of_classes) for name in ("Nref", "Nsys")]
        undefined(results["overall"], *sums)
        for one in of_classes:
            undefined(one, one["count"]["Nref"], one["count"]["Nsys"])
        for group, average in results["class_wise_average"].items():
            for name in average:
                values = [one[group][name] if one["count"]["Nref"] else np.nan for one in of_classes]
                average[name] = np.nanmean(values)
        return results

    def evaluate(kind, pairs, names=labels, length=None, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import sed_eval

            metric = getattr(sed_eval.sound_event, kind)(list(names), **options)
            metric.empty_system_output_handling = "zero_score"
            cut = {} if length is None else {"evaluated_length_seconds": length}
            for pair in pairs:
                rows = (
                    [{"onset": on, "offset": off, "event_label": label} for on, off, label in events]
                    for events in pair
                )
                metric.evaluate(*rows, **cut)
            return corrected(metric.results())

    return evaluate


@pytest.fixture(scope="session")
def differences_of():
    """Names of the measures in which counts and sed_eval's results are not the same number or both NaN."""
    import math

    def comparing(labels):
        def compare(counts, results):
            ours, theirs = {}, {}
            for group in ("f_measure", "error_rate"):
                for scope in ("overall", "class_wise_average"):
                    for name, value in results[scope][group].items():
                        theirs[scope, name] = value
                        ours[scope, name] = getattr(getattr(counts, scope), name)
                for column, label in enumerate(labels):
                    for name, value in results["class_wise"][label][group].items():
                        theirs[label, name] = value
                        ours[label, name] = getattr(counts.class_wise, name)[column]
            for column, label in enumerate(labels):
                count = results["class_wise"][label]["count"]
                theirs[label, "Nref"], theirs[label, "Nsys"] = count["Nref"], count["Nsys"]
                ours[label, "Nref"], ours[label, "Nsys"] = counts.n_reference[column], counts.n_system[column]
            assert len(theirs) == 7 + 6 + 8 * len(labels)
            return [
                key
                for key, value in theirs.items()
                if ours[key] != value and not (math.isnan(ours[key]) and math.isnan(value))
            ]

        return compare

    return comparing


@pytest.fixture(scope="session")
def differences(differences_of, labels):
    """The same for the usual labels."""
    return differences_of(labels)


@pytest.fixture(scope="session")
def pooled_by():
    """Sums of counts that were made in the same way: (way, pair of lists, counts) to (way, pairs, sum)."""

    def pool(counted):
        for way in sorted({way for way, _, _ in counted}):
            own = [(pair, counts) for other, pair, counts in counted if other == way]
            first, *rest = (counts for _, counts in own)
            yield way, [pair for pair, _ in own], sum(rest, first)

    return pool
