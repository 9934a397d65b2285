"use strict";

// The quiz: choosing an answer shows the reason.

for (const question of document.querySelectorAll(".question")) {
  const reason = question.querySelector(".reason");
  for (const choice of question.querySelectorAll("input")) {
    choice.addEventListener("change", () => {
      const right = choice.value === question.dataset.right;
      reason.textContent = `${right ? "Right." : "No."} ${question.dataset.reason}`;
      reason.className = right ? "reason right" : "reason wrong";
    });
  }
}
