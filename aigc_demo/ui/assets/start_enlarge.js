// The edge between two pictures goes to and fro, until the hand takes it.
const compare = () => element.querySelector(".compare");
const uncover = (share) => {
  compare().style.setProperty("--uncovered", `${share}%`);
  compare().querySelector("input").value = share;
};
const ROUND = 6, ROUNDS = 3;

const moving = motion({
  load: () => Promise.all([...element.querySelectorAll("img")].map((image) => image.decode())),
  step: (seconds) => {
    uncover(50 + 42 * Math.sin(2 * Math.PI * seconds / ROUND));
    return seconds < ROUNDS * ROUND;
  },
  rest: () => uncover(50),
});
element.addEventListener("input", moving.end);
