from ml_worker.mesh.cases import EDGES, SIDES, ambiguous, case_tables, loops, pinched_side


def crossed(case: int) -> set[int]:
    return {
        number
        for number, (corner, axis) in enumerate(EDGES)
        if (case >> corner & 1) != (case >> (corner | 1 << axis) & 1)
    }


def test_every_crossed_edge_lies_on_exactly_one_loop() -> None:
    for case in range(256):
        for flip in (False, True):
            on_loops = [edge for loop in loops(case, flip) for edge in loop]
            assert sorted(on_loops) == sorted(crossed(case))
            assert all(len(loop) >= 3 for loop in loops(case, flip))


def test_cells_that_need_parting_have_one_ambiguous_side_and_part_into_two_loops() -> None:
    pinched = [case for case in range(256) if pinched_side(case) is not None]
    assert len(pinched) == 36
    for case in pinched:
        assert sum(ambiguous(case, side) for side in range(len(SIDES))) == 1
        assert (len(loops(case)), len(loops(case, True))) == (1, 2)


def test_tables_say_the_same_as_the_loops() -> None:
    tables = case_tables()
    for case in range(256):
        assert tables.loop_count[case, 0] == len(loops(case))
        for edge in range(12):
            number = tables.loop_of_edge[case, 0, edge]
            assert (number >= 0) == (edge in crossed(case))
            assert number < 0 or edge in loops(case)[number]
