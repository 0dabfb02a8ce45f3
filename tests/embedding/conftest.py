"""Triplets by loops over their definition, for tests of mining and of the loss."""

import pytest


@pytest.fixture(scope="session")
def triplets_by_loops():
    """Triplets by loops over indices; min and max of Python return the first of equal values."""

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
