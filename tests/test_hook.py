"""With nobody listening the hook does nothing."""

from rlnb import hook


class Listener:
    def __init__(self):
        self.heard = []

    def log(self, numbers, step):
        self.heard.append((dict(numbers), step))

    def stopping(self):
        return True


def test_nobody_listens():
    before = hook.listen(None)
    try:
        hook.log(loss=1.0)
        hook.progress(1, 2)
        hook.knob("lr", lambda: 1.0, lambda value: None)
        hook.explain(lambda obs: {})
        hook.learner({"algorithm": "PPO"})
        hook.learner(None)
        assert hook.stopping() is False
    finally:
        hook.listen(before)


def test_a_listener_hears():
    listener = Listener()
    before = hook.listen(listener)
    try:
        hook.log({"q/mean": 3.2}, step=5, loss=1.0)
        assert listener.heard == [({"q/mean": 3.2, "loss": 1.0}, 5)]
        assert hook.stopping() is True
    finally:
        assert hook.listen(before) is listener
