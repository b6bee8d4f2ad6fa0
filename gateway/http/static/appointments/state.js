// Where somebody is on the page: kept in this tab, so that a reload, or the host app's way back, loses nothing.

const KEPT = "appointments";
const EMPTY = { view: "home", people: 1 };
const read = () => history.state?.view ? history.state : { ...EMPTY, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };

/** What is chosen: `view`, `service`, `people`, `office`, `day`, `at`, `moving`, `hold`, `booked`; `owner` are the ids of whose it is. */
export let at = read();
let shown = () => {};

function keep(next, how) {
  at = next;
  sessionStorage.setItem(KEPT, JSON.stringify(at));
  history[how](at, "", location.pathname);
}

/** Go on to another view; what is not named stays as it is. */
export function go(change) {
  keep({ ...at, ...change }, "pushState");
  shown(true);
}

/** Note a choice in the view that is shown. */
export const note = (change) => keep({ ...at, ...change }, "replaceState");

/** Begin again, with nothing chosen. */
export function leave(change = {}) {
  keep({ ...EMPTY, owner: at.owner, ...change }, "pushState");
  shown(true);
}

const PERSONAL = { hold: undefined, moving: undefined, right: undefined, booked: undefined, along: undefined };
const isPersonal = ({ view, moving }) => Boolean(moving) || ["hold", "booked", "waiting"].includes(view);

const isAnothers = (state, owner) => Boolean(state.owner?.length && owner.length) && !state.owner.some((each) => owner.includes(each));

/** Return a state as somebody with these ids may have it: what another account kept or booked is not theirs. */
function ownPart(state, owner = []) {
  if (!isAnothers(state, owner)) return { ...state, owner };
  return { ...state, ...PERSONAL, owner, view: isPersonal(state) ? "home" : state.view };
}

/** Note whose account it is that is signed in, by the ids of its ways in; return whether it was another's before. */
export function belongTo(owner) {
  const isAnother = isAnothers(at, owner);
  keep(ownPart(at, owner), "replaceState");
  return isAnother;
}

/** Have `show` called whenever another view is to be shown. */
export function watch(show) {
  shown = show;
  addEventListener("popstate", () => {
    // A hold that was given back or used up is not had again by going back.
    at = { ...ownPart(read(), at.owner), hold: at.hold };
    if (at.view === "hold" && !at.hold) at.view = "service";
    sessionStorage.setItem(KEPT, JSON.stringify(at));
    shown(true);
  });
}
