// The screen, read aloud. It can be stopped, and made louder.

export class Voice {
  volume = 2; // 1 to 3.
  speaking = false;

  constructor(private readonly changed: () => void) {}

  static there(): boolean { return "speechSynthesis" in window; }

  say(text: string, lang: string): void {
    this.stop();
    const spoken = new SpeechSynthesisUtterance(text);
    spoken.lang = lang;
    spoken.volume = this.volume / 3;
    spoken.rate = 0.95;
    spoken.onend = spoken.onerror = () => { if (this.speaking) { this.speaking = false; this.changed(); } };
    this.speaking = true;
    speechSynthesis.speak(spoken);
  }

  stop(): void {
    this.speaking = false;
    if (Voice.there()) speechSynthesis.cancel();
  }
}
