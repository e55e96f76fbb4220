"""What the stages share: a scan's job, the plan, brain, masks, the grid on which a lesion is measured."""
