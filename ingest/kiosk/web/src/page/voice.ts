// The screen, read aloud, for who does not see it: EN 301 549, 5.1.3. Once asked for it
// stays for that citizen, over all screens to the thanks. It can be stopped and made
// louder, and whatever is said next interrupts it.
//
// There is no other sound: a tone at each vote would tell a waiting room that somebody has
// voted, and a tone for each face how.

const FEW = 2000; // Milliseconds for any text,
const EACH = 120; // and for each of its letters, after which a voice that has not ended is taken to have.

export class Voice {
  on = false; // Screens are read.
  speaking = false;
  mute = false; // The machine has no voice: it was tried.
  volume = 2; // 1 to 3.
  private late = 0;

  constructor(private readonly changed: () => void) {}

  static there(): boolean { return "speechSynthesis" in window; }

  say(text: string, lang: string): void {
    this.stop();
    if (!Voice.there() || text === "") return;
    const spoken = new SpeechSynthesisUtterance(text);
    spoken.lang = lang;
    spoken.volume = this.volume / 3;
    spoken.rate = 0.95;
    let mine = true;
    const ended = (mute: boolean): void => {
      if (!mine) return;
      mine = false;
      clearTimeout(this.late);
      this.speaking = false;
      if (mute) this.on = false;
      if (mute === this.mute && !mute) return;
      this.mute = mute;
      this.changed();
    };
    spoken.onend = () => ended(false);
    spoken.onerror = ({ error }) => ended(!["canceled", "interrupted"].includes(error));
    this.forget = () => { mine = false; };
    this.speaking = true;
    this.late = window.setTimeout(() => ended(false), FEW + EACH * text.length);
    speechSynthesis.speak(spoken);
  }
  private forget = () => {};

  // stop ends what is being said, and nothing else.
  stop(): void {
    this.forget();
    clearTimeout(this.late);
    this.speaking = false;
    if (Voice.there()) speechSynthesis.cancel();
  }
}
