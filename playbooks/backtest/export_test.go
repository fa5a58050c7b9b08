package backtest

// What tests see of the statistics.
var (
	ShareOf = shareOf
	RateOf  = rateOf
)
