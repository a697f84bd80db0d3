// The steps of the reference component, as all its themes have them: a star opens the
// answers, Avanti the text and then the end, which is announced on document.
(() => {
  const box = document.querySelector(".cmp-rating");
  const at = (selector) => box.querySelector(selector);
  const set = (selector, on) => at(selector).classList.toggle("off", !on);
  let step = 0;
  function lay() {
    const star = at('[name="ratingA"]:checked');
    set(".form-rating", step === 1 || step === 2);
    for (const n of [1, 2, 3]) set(`[data-step="${n}"]`, step === n);
    set(".fieldset-rating-one", star && Number(star.value) > 3);
    set(".fieldset-rating-two", star && Number(star.value) <= 3);
    set(".cmp-rating__card-first", step < 3);
  }
  box.querySelectorAll('[name="ratingA"]').forEach((input) => input.addEventListener("change", () => { step = 1; lay(); }));
  at(".btn-next").addEventListener("click", () => {
    step++;
    lay();
    if (step === 3) document.dispatchEvent(new Event("feedback-submit"));
  });
  at(".btn-back").addEventListener("click", () => {
    step--;
    if (step === 0) at('[name="ratingA"]:checked').checked = false;
    lay();
  });
})();
