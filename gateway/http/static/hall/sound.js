// Calls that can be heard: a chime, or a chime and a spoken call. Off until somebody chooses; this machine remembers.

import { named, t } from "./texts.js";
import { language } from "/console/session.js";

const KEPT = "yiwang.sound";
export const SOUNDS = ["off", "chime", "voice"];

let audio = null; // made by a press: browsers allow no sound before

export const sound = () => (SOUNDS.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "off");

export function choose(name) {
  localStorage.setItem(KEPT, name);
  unlock();
}

/** Let the browser play sounds; by a press alone. */
export function unlock() {
  if (sound() === "off") return;
  audio ??= new AudioContext();
  audio.resume();
}

export const blocked = () => sound() !== "off" && audio?.state !== "running";

/** Have a call be heard. */
export function announce(ticket, counter) {
  if (sound() === "off" || blocked()) return;
  chime(660, 0);
  chime(523, 0.35);
  if (sound() === "voice" && "speechSynthesis" in window) {
    const said = new SpeechSynthesisUtterance(t("said", { number: [...ticket.number].join(" "), counter: named(counter) }));
    said.lang = language() === "zh" ? "zh-CN" : "en-GB";
    setTimeout(() => speechSynthesis.speak(said), 900); // after the chime; calls wait for each other
  }
}

function chime(hertz, after) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  const at = audio.currentTime + after;
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.3, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.6);
}
