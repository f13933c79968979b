// Package elementary holds functions of one number with the same bits on every CPU: IEEE operations, explicit fused
// multiply-adds and integers only, where the standard library's may differ in the last place between machines. The error
// that each states, in units of the last place (ulp), is what the tests find against series of 200 digits, rounded up.
//
// What belongs here: elementary and special functions of numbers. What does not: anything that knows a pack, a matrix, a
// model, or an expression; estimates of probability, which are in estimate.
package elementary
