"""The definition of triplets, for tests of what is mined and of what is made of it."""

import pytest


@pytest.fixture(scope="session")
def triplets_by_loops():
    """Triplets index by index; min and max of Python give the first of equals."""

    def loops(distances, labels, sampling):
        found, everyone = set(), range(len(labels))
        for a in everyone:
            positives = [p for p in everyone if p != a and labels[p] == labels[a]]
            negatives = [n for n in everyone if labels[n] != labels[a]]
            if not positives or not negatives:
                continue
            closest = min(negatives, key=lambda n: distances[a][n])
            if sampling == "hard":
                found.add((a, max(positives, key=lambda p: distances[a][p]), closest))
            for p in positives:
                if sampling == "negative":
                    found.add((a, p, closest))
                for n in negatives:
                    if sampling == "all" or (sampling == "easy" and distances[a][p] <= distances[a][n]):
                        found.add((a, p, n))
        return found

    return loops
