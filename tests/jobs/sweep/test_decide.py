"""Which run is due next, played through with runs of known worth."""

from dataclasses import replace

from aigc_demo.jobs.sweep.decide import Act, Standing, next_act

STEPS = 100


def play(worth, search, seconds_left=float("inf"), pace=1.0, **accidents):
    """What is begun and how far it goes: run i logs `worth[i]` at every tenth step; accidents: state by "r<place>"."""
    standings = [Standing(steps=STEPS) for _ in worth]
    acts = []
    while (act := next_act(standings, search, seconds_left)).kind != "finish":
        acts.append((act.place, act.until))
        assert len(acts) < 100
        end = act.until or STEPS
        state = accidents.get(f"r{act.place}", "stopped" if act.until else "done")
        seconds_left -= (end - standings[act.place].step) * pace
        one = standings[act.place]
        standings[act.place] = replace(
            one,
            state=state,
            step=end,
            looks=dict.fromkeys(range(10, end + 1, 10), worth[act.place]),
            seconds=end * pace,
            tries=one.tries + (act.kind == "resume"),
        )
    return acts


def test_a_grid_takes_every_run_to_its_end_in_order():
    assert play([3, 1, 2], "grid") == [(0, 0), (1, 0), (2, 0)]


def test_halving_keeps_the_better_half_at_a_quarter_and_at_half_of_the_steps():
    assert play([5, 1, 3, 2, 4], "halving") == [
        *((place, 25) for place in range(5)),
        *((place, 50) for place in (1, 2, 3)),
        *((place, 0) for place in (1, 3)),
    ]


def test_of_equals_the_earlier_goes_on():
    assert play([1, 1], "halving")[-1] == (0, 0)


def test_one_that_fails_or_is_stopped_by_hand_is_left_and_the_others_go_on():
    assert play([1, 2, 3], "grid", r1="failed") == [(0, 0), (1, 0), (2, 0)]
    halved = play([1, 2, 3], "halving", r0="failed")
    assert halved == [(0, 25), (1, 25), (2, 25), (1, 50), (1, 0)]
    assert next_act([Standing("stopped", 30, STEPS, left_out=True), Standing()], "grid") == Act("start", 1)


def test_one_whose_process_vanished_is_taken_up_again_twice():
    assert play([1, 2], "grid", r0="interrupted") == [(0, 0), (0, 0), (0, 0), (1, 0)]


def test_while_one_trains_or_waits_nothing_else_is_begun():
    for state in ("queued", "running"):
        assert next_act([Standing("done"), Standing(state), Standing()], "grid").kind == "wait"


def test_no_run_is_begun_that_would_not_end_in_time_but_the_first_always_is():
    assert play([1, 2, 3, 4], "grid", seconds_left=250) == [(0, 0), (1, 0)]
    assert play([1, 2], "grid", seconds_left=1) == [(0, 0)]
    assert len(play([1, 2, 3, 4], "halving", seconds_left=101)) == 4  # quarters fit where wholes would not
