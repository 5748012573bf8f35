"""Algorithms that say that they learn: a cell that teaches several can be told apart, each with its own settings."""

import pytest

from rlnb.clock import ManualClock
from rlnb.control.recording.lessons import Lessons

ABOUT = "[[s.name.split(' · ')[1], s.params['algorithm'], s.params['learning_rate'], s.seed] for s in parts]"
TABLE = "learning_rate=0.5, exploration=0.1"


def test_the_one_that_went_on_is_found():
    clock = ManualClock()
    lessons, start = Lessons(clock), clock.elapsed()
    assert lessons.at(start, 0) is None
    lessons.say({"algorithm": "PPO", "seed": 3, "gamma": 0.9})
    clock.advance(1.0)
    lessons.say({"algorithm": "DQN"})  # within the other's
    clock.advance(1.0)
    lessons.say(None)
    clock.advance(1.0)
    lessons.say(None)
    found = [lessons.at(start + moment, 0) for moment in (0.5, 1.5, 2.5, 3.5)]
    assert [one and one.algorithm for one in found] == ["PPO", "DQN", "PPO", None]
    assert lessons.at(start + 0.5, thread=-1) is None
    assert found[0].told() == {
        "algorithm": "PPO",
        "params": {"algorithm": "PPO", "gamma": 0.9},
        "seed": 3,
        "began": found[0].at,
    }


@pytest.fixture
def taught(kernel):
    kernel.run("from rlnb.agents import *")
    return kernel


def test_a_sweep_has_its_values(taught):
    ran = taught.run(
        "for k, alpha in enumerate((0.1, 0.5, 1.0)):\n"
        "    agent = QLearning('FrozenLake-v1', seed=k, learning_rate=alpha, exploration=0.1)\n"
        "    agent.learn(1500, progress=False); agent.evaluate(5)"  # each lives until the next one is made
    )
    assert "trained 3 times" in ran.text
    taught.run("parts = rlnb.last().split()")
    assert taught.value(ABOUT) == [["QLearning", "QLearning", rate, k] for k, rate in enumerate((0.1, 0.5, 1.0))]
    assert taught.value("[int(s.episodes.query('group == 0').length.sum()) for s in parts]") == [1500] * 3
    assert (
        taught.value("[bool(s.metrics.query(\"name == 'epsilon'\").step.iloc[0] > 400) for s in parts]") == [True] * 3
    )
    assert taught.value("rlnb.compare(*parts, by='learning_rate').summary['runs'].tolist()") == [1, 1, 1]


def test_two_algorithms_on_two_lines_are_two(taught):
    taught.run(
        f"q = QLearning('CliffWalking-v1', seed=0, {TABLE}).learn(episodes=50, progress=False)\n"
        f"s = Sarsa('CliffWalking-v1', seed=0, {TABLE}).learn(episodes=60, progress=False)"
    )
    taught.run("parts = rlnb.last().split()")
    assert taught.value(ABOUT) == [["QLearning", "QLearning", 0.5, 0], ["Sarsa", "Sarsa", 0.5, 0]]
    assert taught.value("[len(s.episodes) for s in parts]") == [50, 60]


def test_seeds_of_two_algorithms_are_two_settings(taught):
    taught.run(
        "for algorithm in (QLearning, Sarsa):\n"
        "    for run in rlnb.seeds(2):\n"
        f"        algorithm('CliffWalking-v1', seed=run.seed, {TABLE}).learn(episodes=30, progress=False)"
    )
    assert taught.value("rlnb.compare(*rlnb.sessions().id[:4]).summary['runs'].tolist()") == [2, 2]
    assert sorted(taught.value("rlnb.sessions().seed.tolist()[:4]")) == [0, 0, 1, 1]


def test_the_environment_given_and_those_made_like_it_are_one_group(taught):
    taught.run("env = gym.make('CartPole-v1')\nagent = A2C(env, seed=0, n_envs=4)\nagent.learn(800, progress=False)")
    assert taught.value("rlnb.last().episodes.groupby('group').length.sum().tolist()") == [800]
    assert taught.value("rlnb.last().episodes.lane.nunique()") == 4


def test_evaluating_meanwhile_is_one_training(taught):
    ran = taught.run("a = QLearning('FrozenLake-v1', seed=0).learn(4000, progress=False, evaluate_every=500)")
    assert "trained" not in ran.text
    assert taught.value("len(rlnb.last().split())") == 1


def test_schedules_are_settings(taught):
    taught.run(f"QLearning('CliffWalking-v1', seed=0, {TABLE.replace('0.5', 'Linear(0.5)')}).learn(episodes=30)")
    assert taught.value("rlnb.last().params['learning_rate']") == "Linear(start=0.5, end=0.0, fraction=1.0)"


def test_what_a_person_steps_afterwards_is_nobodys(taught):
    taught.run(
        "agent = QLearning('FrozenLake-v1', seed=0).learn(300, progress=False)\ntrain(gym.make('CartPole-v1'), 6)"
    )
    recipes = "[lane['recipe'].get('learner', {}).get('algorithm') for lane in document['lanes']]"
    assert "QLearning" in taught.value("str(rlnb.last().params)")
    taught.run("import json; path = rlnb.last().save_json('s.json'); document = json.loads(path.read_text())")
    assert taught.value(recipes) == ["QLearning", None]


OWN = """
class Corridor(gym.Env):
    observation_space, action_space = gym.spaces.Discrete(5), gym.spaces.Discrete(2)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return 0, {}
    def step(self, action):
        self.at = max(0, self.at + (1 if action else -1))
        return self.at, -1.0, self.at == 4, False, {}
"""


def test_an_environment_that_no_make_made_is_recorded_when_an_agent_steps_it(taught):
    taught.run(OWN)
    taught.run("agent = QLearning(Corridor(), seed=0).learn(1000, progress=False)")
    assert taught.value("[rlnb.last().env_id, int(rlnb.last().episodes.length.sum())]") == ["Corridor", 1000]
    assert taught.value("set(rlnb.last().verify()['verdict']) == {'exact'}")
    taught.run("agent = A2C(Corridor, seed=0, n_envs=3).learn(900, progress=False); agent.learn(300, progress=False)")
    assert taught.value("[int(rlnb.last().episodes.length.sum()), rlnb.last().episodes.lane.nunique()]") == [1200, 3]
    taught.run("%rlnb off")
    taught.run("agent = QLearning(Corridor(), seed=0).learn(1000, progress=False)")
    taught.run("%rlnb on")
    assert taught.value("rlnb.last().params['algorithm']") == "A2C"


def test_an_environment_that_steps_a_recorded_one_is_not_recorded_twice(taught):
    taught.run(
        """
    class Around(gym.Env):
        def __init__(self):
            self.inner = gym.make("FrozenLake-v1")
            self.observation_space, self.action_space = self.inner.observation_space, self.inner.action_space
        def reset(self, *, seed=None, options=None): return self.inner.reset(seed=seed)
        def step(self, action): return self.inner.step(action)
    agent = QLearning(Around(), seed=0).learn(500, progress=False)""".replace("\n    ", "\n")
    )
    assert taught.value("int(rlnb.last().episodes.length.sum())") == 500
    assert taught.value("rlnb.last().episodes.lane.nunique()") == 1


def test_algorithms_of_stable_baselines_are_told_apart(taught):
    ran = taught.run(
        "import stable_baselines3 as sb3\n"
        "for algorithm in (sb3.PPO, sb3.A2C):\n"
        "    algorithm('MlpPolicy', 'CartPole-v1', seed=0, n_steps=64, device='cpu').learn(640)"
    )
    assert "trained 2 times" in ran.text, ran.text
    taught.run("parts = rlnb.last().split()")
    assert taught.value("[[s.name.split(' · ')[1], s.params['algorithm'], s.seed] for s in parts]") == [
        ["PPO", "PPO", 0], ["A2C", "A2C", 0]
    ]  # fmt: skip
    assert taught.value("[int(s.episodes.length.sum()) for s in parts]") == [640, 640]
    taught.run("from stable_baselines3.common.callbacks import EvalCallback")
    taught.run(
        "judge = gym.make('CartPole-v1')\n"
        "model = sb3.PPO('MlpPolicy', gym.make('CartPole-v1'), seed=0, n_steps=64, device='cpu')\n"
        "model.learn(640, callback=EvalCallback(judge, eval_freq=200, n_eval_episodes=2, verbose=0))"
    )
    assert taught.value("rlnb.last().episodes.groupby('group').length.sum().tolist()[0]") == 640
    assert taught.value("rlnb.last().episodes.group.nunique()") == 2
    taught.run("train(gym.make('CartPole-v1'), 6)")
    assert taught.value("rlnb.last().params") == {}


def test_what_broke_off_is_over(taught):
    taught.run(OWN.replace("return self.at, -1.0", "return self.at if self.at < 3 else 1 / 0, -1.0"))
    ran = taught.run("QLearning(Corridor(), seed=0).learn(1000, progress=False)")
    assert ran.status == "error"
    taught.run("train(gym.make('CartPole-v1'), 6)")
    assert taught.value("rlnb.last().params") == {}


LONGER = """
agent = PPO('CartPole-v1', seed=0, n_envs=1, n_steps=50).learn(3000, progress=False)
agent.evaluate(100)
"""
THEIRS = """
import stable_baselines3 as sb3
model = sb3.A2C('MlpPolicy', 'CartPole-v1', seed=0, device='cpu').learn(500)
judge = gym.make('CartPole-v1')
for k in range(60):
    obs, over = judge.reset(seed=k)[0], False
    while not over:
        obs, _, terminated, truncated, _ = judge.step(model.predict(obs, deterministic=True)[0])
        over = terminated or truncated
"""


@pytest.mark.parametrize(("cell", "steps"), [(LONGER, 3000), (THEIRS, 500)])
def test_an_evaluation_longer_than_the_training_is_not_taken_for_it(taught, cell, steps):
    taught.run(cell)
    taught.run("s = rlnb.last(); own = s.episodes.query('group == 0'); rest = s.episodes.query('group == 1')")
    assert taught.value("int(rest.length.sum())") > taught.value("int(own.length.sum())") > 0
    assert taught.value("int(rlnb.sessions().steps.iloc[0])") == steps
    assert taught.value("int(rlnb.sessions().episodes.iloc[0])") == taught.value("int(own.finished.sum())")
    assert taught.value("s.episode('best') in own.index and s.episode('last') in own.index")
    assert taught.value("int(rlnb.compare(s).summary['episodes'].iloc[0])") == taught.value("int(own.finished.sum())")
    taught.run("header = rlnb.control.view.stored_feed.StoredFeed(s._room, s).header()")
    assert taught.value("[header['steps'], header['total_steps']]") == [steps, steps]  # "500 of 500 steps"
    assert taught.value("header['groups']") == [
        "training",
        "evaluation" if cell == LONGER else "group 1",
    ]
